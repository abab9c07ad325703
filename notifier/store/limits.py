"""How often has something happened within a window of time?

Counted in the database, so that it holds for every process, and in the caller's transaction, so
that nothing half-applied remains when the request fails. A window of the clock begins anew at its
hour or minute; one that slides is every stretch of its length, so no midnight doubles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from notifier.store.tables.operation import limits, spent
from notifier.store.upsert import insert_into, insert_or

# Built once: building a statement anew costs several times what running it does.
_STILL = (limits.c.bucket == bindparam("of_bucket"), limits.c.ends_at > bindparam("at"))
_STILL_COUNTED = select(limits.c.ends_at, limits.c.count).where(*_STILL).order_by(limits.c.ends_at)
_TOTAL = select(func.sum(limits.c.count)).where(*_STILL)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliding:
    """At most `allowed` in whatever stretch of time of length `window`; 0: no limit.

    `step`: hits so close together share a row and count until the last of them is over. Zero keeps
    each for itself, which suits small numbers.
    """

    bucket: str
    allowed: int
    window: timedelta
    step: timedelta = timedelta(0)


def count_sliding(tx: Connection, rule: Sliding, *, at: datetime) -> int:
    """Count one more, now or at a moment to come; how many count at that moment, it included."""
    starts_at = _window_start(at, rule.step) if rule.step else at
    ends_at = starts_at + rule.step + rule.window
    first = {"bucket": rule.bucket, "starts_at": starts_at, "ends_at": ends_at, "count": 1}
    tx.execute(_count(tx.dialect.name), first)
    return int(tx.execute(_TOTAL, {"of_bucket": rule.bucket, "at": at}).scalar_one())


def room_at(tx: Connection, rule: Sliding, *, now: datetime) -> datetime:
    """From when on one more may come; `now` where it may at once."""
    if not rule.allowed:
        return now
    asked = {"of_bucket": rule.bucket, "at": now}
    rows = [(ends_at, int(count)) for ends_at, count in tx.execute(_STILL_COUNTED, asked)]
    left = sum(count for _, count in rows)
    free_at = now
    for ends_at, count in rows:
        if left < rule.allowed:
            break
        free_at, left = ends_at, left - count
    return free_at


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
