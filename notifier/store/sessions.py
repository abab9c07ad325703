"""Who is signed in, since when and from where?

A row is found by the SHA-256 of the token in the cookie: reading the database lets nobody in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from notifier.store.accounts import AccountRow
from notifier.store.rows import columns_of
from notifier.store.tables.accounts import accounts, sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    id: int
    account_id: int
    stage: str
    method: str
    created_at: datetime
    seen_at: datetime
    fresh_at: datetime
    expires_at: datetime
    wrong_codes: int
    ip: str
    agent: str


_COLUMNS = columns_of(sessions, SessionRow)
_ACCOUNT = [
    accounts.c[name].label(f"account_{name}") for name in AccountRow.__slots__ if name != "id"
]


def add_session(tx: Connection, **values: Any) -> int:
    """`values`: what SessionRow says, and `token_hash`."""
    return int(tx.execute(insert(sessions).values(values).returning(sessions.c.id)).scalar_one())


def find_session(tx: Connection, token_hash: str) -> tuple[SessionRow, AccountRow] | None:
    """A session and whose it is, over or not."""
    row = tx.execute(
        select(*_COLUMNS, *_ACCOUNT)
        .join(accounts, accounts.c.id == sessions.c.account_id)
        .where(sessions.c.token_hash == token_hash)
    ).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    own = {name: values[name] for name in SessionRow.__slots__}
    others = {n: values[f"account_{n}"] for n in AccountRow.__slots__ if n != "id"}
    return SessionRow(**own), AccountRow(id=row.account_id, **others)


def list_sessions(tx: Connection, account_id: int) -> list[SessionRow]:
    """Everywhere an account is signed in, the latest first."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(sessions.c.account_id == account_id)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())
        .limit(200)
    )
    return [SessionRow(**row._mapping) for row in rows]


def change_session(tx: Connection, session_id: int, **values: Any) -> bool:
    done = tx.execute(update(sessions).where(sessions.c.id == session_id).values(values))
    return bool(done.rowcount)


def note_seen(tx: Connection, session_id: int, *, at: datetime) -> None:
    tx.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.seen_at < at)
        .values(seen_at=at)
    )


def count_wrong_code(tx: Connection, session_id: int) -> int:
    """One more wrong code in a session that waits for one; how many there were."""
    done = tx.execute(
        update(sessions)
        .where(sessions.c.id == session_id)
        .values(wrong_codes=sessions.c.wrong_codes + 1)
        .returning(sessions.c.wrong_codes)
    )
    return int(done.scalar_one_or_none() or 0)


def end_session(tx: Connection, session_id: int, *, account_id: int) -> bool:
    """End one; False when it is not there, or somebody else's."""
    done = tx.execute(
        delete(sessions).where(sessions.c.id == session_id, sessions.c.account_id == account_id)
    )
    return bool(done.rowcount)


def end_sessions(tx: Connection, account_id: int, *, but: int | None = None) -> int:
    """End all of an account, but one if that is named; how many."""
    query = delete(sessions).where(sessions.c.account_id == account_id)
    if but is not None:
        query = query.where(sessions.c.id != but)
    return int(tx.execute(query).rowcount)


def end_everybodys(tx: Connection) -> int:
    """Sign everybody out; how many sessions there were."""
    return int(tx.execute(delete(sessions)).rowcount)


def forget_over(tx: Connection, *, now: datetime, idle_since: datetime) -> int:
    """Delete what is over: too old, or not used since then."""
    gone = tx.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount
    gone += tx.execute(delete(sessions).where(sessions.c.seen_at <= idle_since)).rowcount
    return int(gone)
