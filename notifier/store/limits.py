"""How often has something happened within a window of time?

Counted in the database, so that it holds for every process, and in the caller's transaction, so
that nothing half-applied remains when the request fails. A window of the clock begins anew at its
hour or minute; one that slides is every stretch of its length, so no midnight doubles it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Text, bindparam, delete, func, select

from notifier.store.among import among, listed
from notifier.store.many_rows import ManyRows
from notifier.store.prepared import Prepared
from notifier.store.tables.operation import limits, spent
from notifier.store.upsert import insert_into, insert_or

_STILL = (limits.c.bucket == bindparam("of_bucket"), limits.c.ends_at > bindparam("at"))
_STILL_COUNTED = Prepared(
    select(limits.c.ends_at, limits.c.count.label("hits")).where(*_STILL).order_by(limits.c.ends_at)
)
_TOTAL = Prepared(select(func.sum(limits.c.count)).where(*_STILL))
_COLUMNS = ("bucket", "starts_at", "ends_at", "count")


_COUNT_ONE = Prepared(
    lambda dialect: (
        insert_into(dialect, limits)
        .on_conflict_do_update(
            index_elements=["bucket", "starts_at"], set_={"count": limits.c.count + 1}
        )
        .returning(limits.c.count.label("hits"))
    ),
    by_dialect=True,
)
# What is over is left out here and not in SQL: nothing may be looked for by its end, since nearly
# all there is lies before it.
_COUNTED_IN_ALL = Prepared(
    lambda dialect: select(limits.c.bucket, limits.c.count.label("hits"), limits.c.ends_at).where(
        among(limits.c.bucket, "buckets", dialect=dialect, kind=Text())
    ),
    by_dialect=True,
)
_COUNT_ALL = ManyRows(
    limits,
    _COLUMNS,
    conflict="(bucket, starts_at) DO UPDATE SET count = limits.count + excluded.count",
)


def count_hit(tx: Connection, bucket: str, *, window: timedelta, now: datetime) -> int:
    """Count one more in the window that `now` falls in; the count including it."""
    starts_at = _window_start(now, window)
    values = (bucket, starts_at, starts_at + window, 1)
    return int(_COUNT_ONE.scalar(tx, dict(zip(_COLUMNS, values, strict=True))))


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
    count_all(tx, [rule], at=at)
    return int(_TOTAL.scalar(tx, {"of_bucket": rule.bucket, "at": at}))


def count_all(tx: Connection, rules: Sequence[Sliding], *, at: datetime) -> None:
    """Count one more against each of several limits."""
    count_many(tx, [Hits(rule=rule, count=1) for rule in rules], at=at)


def have_room(tx: Connection, rules: Sequence[Sliding], *, now: datetime) -> list[bool]:
    """Whether one more may come now, for each limit."""
    hits = totals(tx, [rule.bucket for rule in rules], now=now)
    return [not rule.allowed or hits.get(rule.bucket, 0) < rule.allowed for rule in rules]


def room_at(tx: Connection, rule: Sliding, *, now: datetime) -> datetime:
    """From when on one more may come; `now` where it may at once."""
    if not rule.allowed:
        return now
    asked = {"of_bucket": rule.bucket, "at": now}
    rows = [(ends_at, int(hits)) for ends_at, hits in _STILL_COUNTED.rows(tx, asked)]
    left = sum(count for _, count in rows)
    free_at = now
    for ends_at, count in rows:
        if left < rule.allowed:
            break
        free_at, left = ends_at, left - count
    return free_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """So many at once against one limit. `window` alone: of the clock, else one that slides."""

    rule: Sliding
    count: int
    by_the_clock: bool = False


def count_many(tx: Connection, hits: Sequence[Hits], *, at: datetime) -> None:
    """Count them all with one statement, each bucket once in it."""
    rows = []
    for one in sorted(hits, key=lambda one: one.rule.bucket):  # one order: no deadlocks
        rule = one.rule
        if one.by_the_clock:
            starts_at, counts_for = _window_start(at, rule.window), rule.window
        else:
            starts_at = _window_start(at, rule.step) if rule.step else at
            counts_for = rule.step + rule.window
        rows.append(
            {
                "bucket": rule.bucket,
                "starts_at": starts_at,
                "ends_at": starts_at + counts_for,
                "count": one.count,
            }
        )
    _COUNT_ALL.insert(tx, rows)


def totals(tx: Connection, buckets: Sequence[str], *, now: datetime) -> dict[str, int]:
    """What still counts in each; nothing for those in which nothing does."""
    return ask_totals(tx, buckets, now=now)()


def ask_totals(
    tx: Connection, buckets: Sequence[str], *, now: datetime
) -> Callable[[], dict[str, int]]:
    """As Prepared.ask."""
    values = {"buckets": listed(list(buckets), dialect=tx.dialect.name)}
    rows = _COUNTED_IN_ALL.ask(tx, values)

    def read() -> dict[str, int]:
        found: dict[str, int] = {}
        for bucket, hits, ends_at in rows():
            if ends_at > now:
                found[bucket] = found.get(bucket, 0) + int(hits)
        return found

    return read


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
