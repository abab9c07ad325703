"""How often has something happened within a window of time?

Counted in the database, so that it holds for every process, and in the caller's transaction, so
that nothing half-applied remains when the request fails.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from notifier.store.tables.operation import limits, spent
from notifier.store.upsert import insert_into, insert_or

# Built once: building a statement anew costs several times what running it does.
_HITS = select(limits.c.count).where(
    limits.c.bucket == bindparam("of_bucket"), limits.c.starts_at == bindparam("since")
)


@cache
def _count(dialect: str) -> Any:
    statement = insert_into(dialect, limits).on_conflict_do_update(
        index_elements=["bucket", "starts_at"], set_={"count": limits.c.count + 1}
    )
    return statement.returning(limits.c.count)


def count_hit(tx: Connection, bucket: str, *, window: timedelta, now: datetime) -> int:
    """Count one more in the window that `now` falls in; the count including it."""
    starts_at = _window_start(now, window)
    first = {"bucket": bucket, "starts_at": starts_at, "ends_at": starts_at + window, "count": 1}
    return int(tx.execute(_count(tx.dialect.name), first).scalar_one())


def hits(tx: Connection, bucket: str, *, window: timedelta, now: datetime) -> int:
    """The count so far, without adding to it."""
    asked = {"of_bucket": bucket, "since": _window_start(now, window)}
    return int(tx.execute(_HITS, asked).scalar_one_or_none() or 0)


def window_left(now: datetime, window: timedelta) -> timedelta:
    return _window_start(now, window) + window - now


def spend(tx: Connection, kind: str, key: str, *, expires_at: datetime) -> bool:
    """Use up a one-time thing. False when it was used before."""
    statement = insert_or(tx, spent).values(kind=kind, key=key[:128], expires_at=expires_at)
    return bool(tx.execute(statement.on_conflict_do_nothing()).rowcount)


def is_spent(tx: Connection, kind: str, key: str) -> bool:
    """Whether a one-time thing was used up, without using it."""
    query = select(spent.c.key).where(spent.c.kind == kind, spent.c.key == key[:128])
    return tx.execute(query).first() is not None


def forget_old(tx: Connection, *, now: datetime) -> int:
    """Delete windows and one-time things that are over."""
    gone = tx.execute(delete(limits).where(limits.c.ends_at < now)).rowcount
    gone += tx.execute(delete(spent).where(spent.c.expires_at < now)).rowcount
    return int(gone)


def _window_start(now: datetime, window: timedelta) -> datetime:
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
