"""Has the person who knows the password also the phone?

Codes by RFC 6238, good for their half minute and the ones beside it, each once: the step of the
last one is kept, and no code of that step or an earlier one counts again (trust WS-31). The seed
is sealed; reading the database does not make codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
from pyotp.exceptions import OTPVerificationError

from notifier.domain.person import Person
from notifier.errors import Conflict, InvalidInput, NotFound
from notifier.sealing import SEAL, is_newest, seal, unseal
from notifier.services import recovery
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.session_of import Method, Signed, Stage, person_of, renew_session
from notifier.services.sign_in import enter
from notifier.services.sign_in_wait import count_try, forgive
from notifier.store import accounts, sessions
from notifier.store.accounts import AccountRow
from notifier.store.session import Transaction

ISSUER = "notifier"
DIGITS = 6
BESIDE = 1  # steps of 30 seconds before and after that count too
MOST_WRONG = 10  # in one half session
WRONG_CODE = "This code does not fit, or was used already. Wait for the next one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What a phone needs: `secret` to type, `uri` (otpauth://) to scan."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedOn:
    """`token`: the session goes on under it. `codes`: for when the phone is lost; shown once."""

    token: str
    codes: list[str]


def enter_code(env: Env, signed: Signed, *, code: str, where: Circumstances) -> str:
    """Go from half a session to a whole one; its token.

    Raises errors.InvalidInput `wrong_code`, errors.Conflict("ended") after too many wrong ones,
    and TooMany. A recovery code does as well.
    """
    if signed.stage is not Stage.SECOND_FACTOR:
        raise Conflict("signed_in", "You are signed in already.")
    typed = _tidy(code)
    who = signed.person
    tried = count_try(env, what="code", whom=str(who.id), ip=where.ip, anywhere=True)

    def work(tx: Transaction) -> tuple[str, int]:
        account = _account(tx, who.id)
        how = _use(env, tx, account, typed)
        if not how:
            note_change(tx, env, "person.code_failed", by=None, ip=where.ip, person=who.id)
            wrong = sessions.count_wrong_code(tx, signed.session_id)
            if wrong >= MOST_WRONG:
                sessions.end_session(tx, signed.session_id, account_id=who.id)
            return "", wrong
        if not sessions.end_session(tx, signed.session_id, account_id=who.id):
            raise Conflict("ended", "This took too long. Please sign in again.")
        forgive(tx, tried)
        if how == "recovery":
            note_change(tx, env, "person.recovery_code_used", by=person_of(account), ip=where.ip)
        return enter(env, tx, account, method=Method.PASSWORD, where=where), 0

    token, wrong = env.db.retry(work)
    if wrong >= MOST_WRONG:
        raise Conflict("ended", "Too many wrong codes. Please sign in again.")
    if not token:
        raise InvalidInput.of("code", "wrong_code", WRONG_CODE)
    return token


def begin_totp(env: Env, person: Person) -> Seed:
    """A new seed; codes are asked for once one was typed. Raises errors.Conflict("on")."""

    def work(tx: Transaction) -> Seed:
        account = _account(tx, person.id)
        if account.has_totp:
            raise Conflict("on", "Codes are on already. Turn them off to use another phone.")
        secret = pyotp.random_base32()
        sealed = seal(secret, about=_about(account.id), keys=env.signer.secrets_for(SEAL))
        accounts.change_account(tx, account.id, totp_sealed=sealed, totp_at=None)
        return _seed(account, secret)

    return env.db.retry(work)


def pending_seed(env: Env, person: Person) -> Seed | None:
    """The seed that waits for its first code, to show it once more."""
    with env.db.read() as tx:
        account = accounts.find_account(tx, person.id)
    if account is None or not account.totp_sealed or account.has_totp:
        return None
    return _seed(account, _secret(env, account))


def prove_totp(env: Env, signed: Signed, *, code: str, where: Circumstances) -> TurnedOn:
    """Turn codes on. Every other session ends, this one gets a new token.

    Raises errors.InvalidInput `wrong_code`, errors.Conflict and TooMany.
    """
    typed = _tidy(code)
    who = signed.person
    tried = count_try(env, what="prove", whom=str(who.id), ip=where.ip)

    def work(tx: Transaction) -> TurnedOn | None:
        account = _account(tx, who.id)
        if account.has_totp or not account.totp_sealed:
            raise Conflict("no_seed", "There is no code to check. Begin anew.")
        if not _use_totp(env, tx, account, typed):
            return None
        forgive(tx, tried)
        accounts.change_account(tx, who.id, totp_at=env.now())
        sessions.end_sessions(tx, who.id, but=signed.session_id)
        note_change(tx, env, "person.codes_on", by=who, ip=where.ip)
        codes = recovery.make_codes(env, tx, who.id)
        return TurnedOn(token=renew_session(env, tx, signed.session_id), codes=codes)

    done = env.db.retry(work)
    if done is None:
        raise InvalidInput.of("code", "wrong_code", WRONG_CODE)
    return done


def turn_off_totp(env: Env, signed: Signed, *, where: Circumstances) -> str:
    """Ask for no more codes; recovery codes go too. This session's new token, all others end."""
    who = signed.person

    def work(tx: Transaction) -> str:
        forget_totp(env, tx, who.id)
        sessions.end_sessions(tx, who.id, but=signed.session_id)
        note_change(tx, env, "person.codes_off", by=who, ip=where.ip)
        return renew_session(env, tx, signed.session_id)

    return env.db.retry(work)


def forget_totp(env: Env, tx: Transaction, account_id: int) -> None:
    """No seed, no recovery codes."""
    accounts.change_account(tx, account_id, totp_sealed="", totp_at=None)
    recovery.drop_codes(env, tx, account_id)


def renew_recovery_codes(env: Env, person: Person, *, where: Circumstances) -> list[str]:
    """Ten new ones. Raises errors.Conflict("off") where no code is asked for."""

    def work(tx: Transaction) -> list[str]:
        if not _account(tx, person.id).has_totp:
            raise Conflict("off", "Codes are off; without them no recovery codes are needed.")
        note_change(tx, env, "person.recovery_codes_made", by=person, ip=where.ip)
        return recovery.make_codes(env, tx, person.id)

    return env.db.retry(work)


def reseal(env: Env) -> int:
    """Seal every seed with the newest key, after a rotation; how many were moved."""
    keys = env.signer.secrets_for(SEAL)

    def work(tx: Transaction) -> int:
        moved = 0
        for account in accounts.list_accounts(tx):
            if account.totp_sealed and not is_newest(account.totp_sealed, keys=keys):
                secret = _secret(env, account)
                sealed = seal(secret, about=_about(account.id), keys=keys)
                accounts.change_account(tx, account.id, totp_sealed=sealed)
                moved += 1
        return moved

    return env.db.retry(work)


def _use(env: Env, tx: Transaction, account: AccountRow, typed: str) -> str:
    """`code` or `recovery` where it was right, and is used up now."""
    if account.has_totp and _use_totp(env, tx, account, typed):
        return "code"
    return "recovery" if recovery.use_code(env, tx, account.id, typed) else ""


def _use_totp(env: Env, tx: Transaction, account: AccountRow, typed: str) -> bool:
    digits = "".join(sign for sign in typed if sign.isdecimal() and sign.isascii())
    if len(digits) != DIGITS or len(typed) > DIGITS + 2:
        return False
    totp = pyotp.TOTP(_secret(env, account), digits=DIGITS)
    try:
        step = totp.verify_and_get_timecode(digits, for_time=env.now(), valid_window=BESIDE)
    except OTPVerificationError:
        return False
    return accounts.use_step(tx, account.id, step=step)


def _secret(env: Env, account: AccountRow) -> str:
    keys = env.signer.secrets_for(SEAL)
    return unseal(account.totp_sealed, about=_about(account.id), keys=keys)


def _seed(account: AccountRow, secret: str) -> Seed:
    uri = pyotp.TOTP(secret, digits=DIGITS).provisioning_uri(name=account.email, issuer_name=ISSUER)
    return Seed(secret=secret, uri=uri)


def _account(tx: Transaction, account_id: int) -> AccountRow:
    account = accounts.find_account(tx, account_id)
    if account is None or account.disabled_at is not None:
        raise NotFound("There is no such account any more.")
    return account


def _about(account_id: int) -> str:
    return f"totp:{account_id}"


def _tidy(code: str) -> str:
    typed = code.strip()
    if not typed:
        raise InvalidInput.of("code", "required", "Please type the code.")
    return typed[:40]
