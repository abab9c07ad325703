"""Who is signed in behind a cookie, and how does a session begin, go on and end?

Sessions are rows, so that they can be listed and ended. The token is 256 random bits; only its
hash is stored. A session ends after half an hour without a request and after twelve hours in any
case (trust WS-32).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifier.domain.person import Person
from notifier.domain.rights import Role
from notifier.domain.sign_in_delay import FORGOTTEN_AFTER
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.env import Env
from notifier.store import entry_links, sessions, sign_in_delays
from notifier.store.accounts import AccountRow
from notifier.store.session import Transaction
from notifier.store.sessions import SessionRow

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FOR_A_CODE = timedelta(minutes=10)  # between the password and the second factor
FRESH = timedelta(minutes=5)  # for what is dangerous (trust WS-36)
NOTED_EVERY = timedelta(minutes=1)
_LONGEST_TOKEN = 100


class Stage(StrEnum):
    SECOND_FACTOR = "second_factor"  # the password was right, a code is still asked for
    FULL = "full"


class Method(StrEnum):
    PASSWORD = "password"
    PASSKEY = "passkey"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A session that goes on. `csrf` goes into every form; it cannot be read off the database."""

    person: Person
    session_id: int
    csrf: str
    fresh_until: datetime
    stage: Stage


def find_session(env: Env, token: str, *, seen: bool = True) -> Signed | None:
    """Whose session the token in a cookie is; None for what is over, made up or of no use.

    `seen` False: nobody pressed anything, a page renewed itself; that keeps no session alive.
    """
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
        return None
    now = env.now()
    with env.db.read() as tx:
        found = sessions.find_session(tx, hash_token(token))
    if found is None or not is_on(found[0], now=now) or found[1].disabled_at is not None:
        return None
    row, account = found
    if seen and now - row.seen_at >= NOTED_EVERY:
        _note_seen(env, row.id, at=now)
    return Signed(
        person=person_of(account),
        session_id=row.id,
        csrf=_csrf(token),
        fresh_until=row.fresh_at + FRESH,
        stage=Stage(row.stage),
    )


def open_session(
    env: Env,
    tx: Transaction,
    person_id: int,
    *,
    stage: Stage = Stage.FULL,
    method: Method = Method.PASSWORD,
    ip: str = "",
    agent: str = "",
) -> str:
    """Begin a session; its token, which nothing can show again."""
    now = env.now()
    token = secrets.token_urlsafe(32)
    forget_over(env, tx)
    sessions.add_session(
        tx,
        account_id=person_id,
        token_hash=hash_token(token),
        stage=stage.value,
        method=method.value,
        created_at=now,
        seen_at=now,
        fresh_at=now,
        expires_at=now + (LONGEST if stage is Stage.FULL else FOR_A_CODE),
        ip=ip[:64],
        agent=agent[:300],
    )
    return token


def renew_session(env: Env, tx: Transaction, session_id: int) -> str:
    """Go on under a new token, fresh from now: who has the old one is out."""
    now = env.now()
    token = secrets.token_urlsafe(32)
    sessions.change_session(tx, session_id, token_hash=hash_token(token), fresh_at=now, seen_at=now)
    return token


def forget_over(env: Env, tx: Transaction) -> int:
    """Delete sessions and links that are over, and wrong tries of long ago; how many."""
    now = env.now()
    gone = sessions.forget_over(tx, now=now, idle_since=now - IDLE)
    gone += entry_links.forget_before(tx, now)
    return gone + sign_in_delays.forget_before(tx, now - FORGOTTEN_AFTER)


def is_on(row: SessionRow, *, now: datetime) -> bool:
    return now < row.expires_at and now - row.seen_at < IDLE


def person_of(account: AccountRow) -> Person:
    """What the pages know of an account; nothing secret."""
    return Person(
        id=account.id,
        email=account.email,
        name=account.name,
        role=Role(account.role),
        shops=tuple(account.shops),
        locale=account.locale,
        theme=account.theme,
    )


def hash_token(token: str) -> str:
    """Under what a random token is stored: it is long enough to need no salt and no key."""
    return hashlib.sha256(token.encode()).hexdigest()


def _csrf(token: str) -> str:
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _note_seen(env: Env, session_id: int, *, at: datetime) -> None:
    try:
        env.db.retry(lambda tx: sessions.note_seen(tx, session_id, at=at), tries=2)
    except StoreBusy as error:  # the page can be shown all the same; the next one notes it
        log.warning("session not noted: database busy", why=str(error))
