"""What does somebody see and set of their own account?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifier.domain.person import Person
from notifier.errors import InvalidInput, NotFound
from notifier.i18n import available_locales
from notifier.services.audit import note_change
from notifier.services.consent import Circumstances
from notifier.services.env import Env
from notifier.services.people import read_name
from notifier.services.session_of import Signed, is_on
from notifier.store import accounts, passkeys, recovery_codes, sessions
from notifier.store.passkeys import PasskeyRow
from notifier.store.session import Transaction
from notifier.store.sessions import SessionRow

THEMES = ("", "light", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """All that the page of one's own account shows; nothing secret."""

    password_at: datetime | None
    has_codes: bool
    recovery_codes_left: int
    passkeys: list[PasskeyRow]
    sessions: list[SessionRow]


def see_account(env: Env, person: Person) -> OwnAccount:
    """Raises errors.NotFound for an account that was removed meanwhile."""
    now = env.now()
    with env.db.read() as tx:
        row = accounts.find_account(tx, person.id)
        if row is None:
            raise NotFound("There is no such account any more.")
        return OwnAccount(
            password_at=row.password_at,
            has_codes=row.has_totp,
            recovery_codes_left=recovery_codes.count_left(tx, person.id),
            passkeys=passkeys.list_passkeys(tx, person.id),
            sessions=[one for one in sessions.list_sessions(tx, person.id) if is_on(one, now=now)],
        )


def set_taste(
    env: Env, person: Person, *, name: str, locale: str, theme: str, where: Circumstances
) -> None:
    """Name, language and colours. Raises errors.InvalidInput for each field."""
    called = read_name(name)
    if locale not in available_locales():
        raise InvalidInput.of("locale", "unknown", "There are no words in this language.")
    if theme not in THEMES:
        raise InvalidInput.of("theme", "unknown", "Take light, dark, or as the system has it.")

    def work(tx: Transaction) -> None:
        accounts.change_account(tx, person.id, name=called, locale=locale, theme=theme)
        note_change(tx, env, "person.taste_set", by=person, ip=where.ip, locale=locale, theme=theme)

    env.db.retry(work)


def end_session(env: Env, signed: Signed, session_id: int, *, where: Circumstances) -> None:
    """Sign out elsewhere. Raises errors.NotFound for a session that is not this person's."""

    def work(tx: Transaction) -> None:
        if not sessions.end_session(tx, session_id, account_id=signed.person.id):
            raise NotFound("There is no such session any more.")
        note_change(
            tx, env, "person.session_ended", by=signed.person, ip=where.ip, session=session_id
        )

    env.db.retry(work)


def end_other_sessions(env: Env, signed: Signed, *, where: Circumstances) -> int:
    """Sign out everywhere else; how many there were."""

    def work(tx: Transaction) -> int:
        ended = sessions.end_sessions(tx, signed.person.id, but=signed.session_id)
        note_change(tx, env, "person.sessions_ended", by=signed.person, ip=where.ip, ended=ended)
        return ended

    return env.db.retry(work)
