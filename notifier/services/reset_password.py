"""What does somebody do who forgot the password, or wants another one?"""

from __future__ import annotations

from datetime import timedelta

from notifier.domain.password import read_password, readable
from notifier.errors import InvalidInput, NotFound
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.entry_link import EntryLink, Purpose, make_link, names_around
from notifier.services.env import Env
from notifier.services.mail_entry_link import do_later, mail_entry_link
from notifier.services.password_hash import hash_password, is_password
from notifier.services.session_of import Signed, person_of, renew_session
from notifier.services.sign_in import read_address
from notifier.services.sign_in_wait import count_try, forgive
from notifier.services.sign_up_limits import count_network, network_of
from notifier.store import accounts, limits, sessions
from notifier.store.accounts import AccountRow
from notifier.store.limits import Sliding
from notifier.store.session import Transaction

HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 3  # to one account
ASKED_AN_HOUR = 20  # from one network


def ask_for_reset(env: Env, *, email: str, where: Circumstances) -> None:
    """Mail a link if somebody has this address; never says whether.

    Raises errors.InvalidInput for no address, TooMany for a network that asks too often.
    """
    address = read_address(email)
    network = network_of(where.ip)
    if network:
        words = "Too many links were asked for from this network. Please try again later."
        bucket = f"reset:net:{network}"

        def count(tx: Transaction) -> None:
            count_network(tx, bucket, allowed=ASKED_AN_HOUR, now=env.now(), words=words)

        env.db.retry(count)
    # beside this request, so that it takes as long for an address that nobody has
    do_later(lambda: _mail_reset(env, address, where))


def _mail_reset(env: Env, address: str, where: Circumstances) -> None:
    def work(tx: Transaction) -> tuple[AccountRow, EntryLink] | None:
        account = accounts.find_by_email(tx, address)
        if account is None or account.disabled_at is not None:
            return None
        rule = Sliding(bucket=f"reset:{account.id}", allowed=MAILS_AN_HOUR, window=HOUR)
        if limits.room_at(tx, rule, now=env.now()) > env.now():
            return None
        limits.count_sliding(tx, rule, at=env.now())
        note_change(tx, env, "person.reset_asked", by=None, ip=where.ip, person=account.id)
        return account, make_link(env, tx, account.id, purpose=Purpose.RESET, replaces=False)

    found = env.db.retry(work)
    if found is not None:
        mail_entry_link(env, person_of(found[0]), found[1])


def change_password(env: Env, signed: Signed, *, old: str, new: str, where: Circumstances) -> str:
    """Set another password. Every other session ends; this one's new token.

    Raises errors.InvalidInput for fields `old` (`wrong`) and `new`, and TooMany.
    """
    who = signed.person
    typed = readable(old, field="old")
    tried = count_try(env, what="confirm", whom=str(who.id), ip=where.ip)
    with env.db.read() as tx:
        account = accounts.find_account(tx, who.id)
    if account is None:
        raise NotFound("There is no such account any more.")
    if not is_password(account.password_hash, typed):
        raise InvalidInput.of("old", "wrong", "That is not your password.")
    good = read_password(new, names=names_around(env, account), field="new")
    hashed = hash_password(good)

    def work(tx: Transaction) -> str:
        forgive(tx, tried)
        accounts.change_account(tx, who.id, password_hash=hashed, password_at=env.now())
        sessions.end_sessions(tx, who.id, but=signed.session_id)
        note_change(tx, env, "person.password_changed", by=who, ip=where.ip)
        return renew_session(env, tx, signed.session_id)

    return env.db.retry(work)
