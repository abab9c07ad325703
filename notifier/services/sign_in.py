"""Who may come in with address and password?

A wrong password, an unknown address, an account without a password and one that is shut out get
the same answer after the same work (trust WS-34). The password is hashed while no transaction is
open.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.mail_address import mask_email, normalise_email
from notifier.domain.password import readable
from notifier.errors import InvalidInput
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.password_hash import hash_password, is_outdated, is_password
from notifier.services.session_of import Method, Stage, open_session, person_of, renew_session
from notifier.services.sign_in_wait import Tried, count_try, forgive
from notifier.store import accounts, sessions
from notifier.store.accounts import AccountRow
from notifier.store.session import Transaction

WRONG = "Address and password do not fit together."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The token of a new session; at stage SECOND_FACTOR a code is still asked for."""

    token: str
    stage: Stage


def sign_in(env: Env, *, email: str, password: str, where: Circumstances) -> Entered:
    """Begin a session. Raises errors.InvalidInput `wrong` for every reason, and TooMany."""
    typed = readable(password)  # its length before all else
    address = read_address(email)
    tried = count_try(env, what="password", whom=address, ip=where.ip)
    with env.db.read() as tx:
        account = accounts.find_by_email(tx, address)
    usable = account if account is not None and account.disabled_at is None else None
    fits = is_password(usable.password_hash if usable else "", typed)
    if usable is None or not fits:
        env.db.retry(lambda tx: _note_wrong(env, tx, account, address, where))
        raise InvalidInput.of("password", "wrong", WRONG)
    newer = hash_password(typed) if is_outdated(usable.password_hash) else ""
    entered = env.db.retry(lambda tx: _enter(env, tx, usable, where, tried=tried, newer=newer))
    if entered is None:  # changed or shut out while it was hashed
        raise InvalidInput.of("password", "wrong", WRONG)
    return entered


def confirm_password(
    env: Env, *, session_id: int, person_id: int, password: str, where: Circumstances
) -> str:
    """Show once more that it is you; the session's new token, fresh from now.

    Raises errors.InvalidInput `wrong` and TooMany.
    """
    typed = readable(password)
    tried = count_try(env, what="confirm", whom=str(person_id), ip=where.ip)
    with env.db.read() as tx:
        account = accounts.find_account(tx, person_id)
    if account is None or not is_password(account.password_hash, typed):
        env.db.retry(lambda tx: _note_wrong(env, tx, account, "", where))
        raise InvalidInput.of("password", "wrong", "That is not your password.")

    def work(tx: Transaction) -> str:
        forgive(tx, tried)
        return confirm_session(env, tx, account, session_id=session_id, where=where)

    return env.db.retry(work)


def confirm_session(
    env: Env, tx: Transaction, account: AccountRow, *, session_id: int, where: Circumstances
) -> str:
    """Make a session fresh under a new token."""
    note_change(tx, env, "person.confirmed", by=person_of(account), ip=where.ip)
    return renew_session(env, tx, session_id)


def sign_out(env: Env, *, session_id: int, person_id: int, where: Circumstances) -> None:
    """End this session; that it is over already is no fault."""

    def work(tx: Transaction) -> None:
        account = accounts.find_account(tx, person_id)
        if sessions.end_session(tx, session_id, account_id=person_id) and account is not None:
            note_change(tx, env, "person.signed_out", by=person_of(account), ip=where.ip)

    env.db.retry(work)


def enter(
    env: Env, tx: Transaction, account: AccountRow, *, method: Method, where: Circumstances
) -> str:
    """Begin a full session: who it is has been shown by then."""
    now = env.now()
    accounts.change_account(tx, account.id, signed_in_at=now)
    note_change(
        tx, env, "person.signed_in", by=person_of(account), ip=where.ip, method=method.value
    )
    return open_session(env, tx, account.id, method=method, ip=where.ip, agent=where.agent)


def enter_or_ask(
    env: Env, tx: Transaction, account: AccountRow, *, method: Method, where: Circumstances
) -> Entered:
    """Begin a session, or half of one where a code is still due."""
    if not account.has_totp:
        token = enter(env, tx, account, method=method, where=where)
        return Entered(token=token, stage=Stage.FULL)
    token = open_session(
        env,
        tx,
        account.id,
        stage=Stage.SECOND_FACTOR,
        method=method,
        ip=where.ip,
        agent=where.agent,
    )
    return Entered(token=token, stage=Stage.SECOND_FACTOR)


def read_address(email: str) -> str:
    """The address as accounts have it; nonsense stays itself and is found nowhere."""
    if not email.strip():
        raise InvalidInput.of("email", "required", "Please type your mail address.")
    try:
        return normalise_email(email).address
    except InvalidInput:
        return email[:100].encode("utf-8", "replace").decode()


def _enter(
    env: Env,
    tx: Transaction,
    seen: AccountRow,
    where: Circumstances,
    *,
    tried: Tried,
    newer: str,
) -> Entered | None:
    account = accounts.find_account(tx, seen.id)
    if account is None or account.disabled_at or account.password_hash != seen.password_hash:
        return None
    forgive(tx, tried)
    if newer:
        accounts.change_account(tx, account.id, password_hash=newer)
    return enter_or_ask(env, tx, account, method=Method.PASSWORD, where=where)


def _note_wrong(
    env: Env, tx: Transaction, account: AccountRow | None, address: str, where: Circumstances
) -> None:
    about = {"person": account.id} if account else {"tried": _masked(address)}
    note_change(tx, env, "person.sign_in_failed", by=None, ip=where.ip, **about)


def _masked(typed: str) -> str:
    """What was typed as an address, unreadable: people type their password there, too."""
    return mask_email(typed)[:80] if "@" in typed else "…"
