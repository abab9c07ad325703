"""How did tries end? Stored for hundreds of messages with a few statements.

A result is taken only with the attempt number its message was claimed with: a worker that was
thought dead cannot overwrite what happened since (trust RL-3). A try has a row of its own, but one
that says nothing new: taken at once, as nearly all are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select

from notifier.domain.message import MessageState
from notifier.store.among import among, listed
from notifier.store.many_rows import ManyRows
from notifier.store.prepared import Prepared
from notifier.store.tables.telling import attempts, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """How a message stands after a try. `due_at` None: it is finished."""

    message_id: int
    attempt_no: int
    state: str
    reason: str
    due_at: datetime | None
    failures: int
    unknowns: int
    phase: str
    outcome: str
    blame: str
    code: str
    detail: str
    provider_id: str


Taken = tuple[int, str, str, str]
"""A message that was taken at its first try and is about no order, as nearly all are: its id, and
what was said: code, detail, the provider's id for it."""


_MESSAGE = """
UPDATE messages SET state = {state}, reason = {reason}, failures = {failures},
    unknowns = {unknowns}, last_code = {code}, last_detail = {detail},
    lease_owner = NULL, lease_until = NULL, finished_at = {finished_at},
    due_at = coalesce({due_at}, messages.due_at),
    provider_id = coalesce(nullif({provider_id}, ''), messages.provider_id)
"""
_OF_MESSAGE = {
    "message_id": "bigint",
    "state": "text",
    "reason": "text",
    "failures": "int",
    "unknowns": "int",
    "code": "text",
    "detail": "text",
    "finished_at": "timestamptz",
    "due_at": "timestamptz",
    "provider_id": "text",
}
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _OF_MESSAGE.items())
# SQLite runs one prepared statement for each row, which costs less there than reading an array.
_SQLITE = _MESSAGE.format(**{name: f":{name}" for name in _OF_MESSAGE}) + " WHERE id = :message_id"
_POSTGRES = (
    _MESSAGE.format(**{name: f"new.{name}" for name in _OF_MESSAGE})
    + f" FROM unnest({_ARRAYS}) AS new ({', '.join(_OF_MESSAGE)})"
    + " WHERE messages.id = new.message_id"
)
_TAKEN = """
UPDATE messages SET state = 'accepted', reason = '', last_code = {}, last_detail = {},
    lease_owner = NULL, lease_until = NULL, finished_at = {},
    provider_id = coalesce(nullif({}, ''), messages.provider_id)
"""
_TAKEN_SQLITE = _TAKEN.format("?", "?", "?", "?") + " WHERE id = ?"
_TAKEN_POSTGRES = (
    _TAKEN.format("new.code", "new.detail", "%(now)s", "new.provider_id")
    + " FROM unnest(%(codes)s::text[], %(details)s::text[], %(names)s::text[], %(ids)s::bigint[])"
    + " AS new (code, detail, provider_id, id) WHERE messages.id = new.id"
    # said twice: or all messages are read, where that looks cheaper than to look some up
    + " AND messages.id = ANY(%(ids)s::bigint[])"
)
_TRIES = ManyRows(
    attempts,
    (
        *("message_id", "attempt_no", "worker", "started_at", "finished_at"),
        *("phase", "outcome", "blame", "code", "detail"),
    ),
)


def _held(dialect: str) -> Any:
    return (
        select(
            messages.c.id,
            messages.c.attempt_no,
            messages.c.order_line_id,
            messages.c.lease_owner,
            messages.c.lease_until,
        )
        .where(
            among(messages.c.id, "ids", dialect=dialect),
            messages.c.state == MessageState.SENDING.value,
        )
        .order_by(messages.c.id)  # all lock in one order: no deadlocks
        .with_for_update()
    )


_HELD = Prepared(_held, by_dialect=True)


def book_all(
    tx: Connection,
    booked: Sequence[Booked],
    *,
    taken: Sequence[Taken] = (),
    now: datetime,
    lease: timedelta,
) -> set[int]:
    """Store results, one a message; the ids of those that were not taken over meanwhile.

    `lease`: how long messages are leased, from which follows when a try began.
    """
    ids = [one.message_id for one in booked] + [one[0] for one in taken]
    rows = _HELD.rows(tx, {"ids": listed(ids, dialect=tx.dialect.name)})
    held = {row.id: row for row in rows}
    kept = [
        one
        for one in booked
        if one.message_id in held and held[one.message_id].attempt_no == one.attempt_no
    ]
    first = {row.id for row in rows if row.attempt_no == 1}
    kept_taken = [one for one in taken if one[0] in first]
    _store_taken(tx, kept_taken, now=now)
    _store(tx, kept, held, now=now, lease=lease)
    return {one.message_id for one in kept} | {one[0] for one in kept_taken}


def _store_taken(tx: Connection, taken: Sequence[Taken], *, now: datetime) -> None:
    if not taken:
        return
    ids, codes, details, names = zip(*taken, strict=True)
    said = (
        [one[:64] for one in codes],
        [_kept(one) for one in details],
        [one[:255] for one in names],
    )
    if tx.dialect.name == "sqlite":
        at = [_moment_text(now)] * len(ids)
        tx.exec_driver_sql(
            _TAKEN_SQLITE, list(zip(said[0], said[1], at, said[2], ids, strict=True))
        )
    else:
        values = dict(zip(("codes", "details", "names"), said, strict=True))
        tx.exec_driver_sql(_TAKEN_POSTGRES, {**values, "ids": list(ids), "now": now})


def _store(
    tx: Connection,
    kept: Sequence[Booked],
    held: Mapping[int, Any],
    *,
    now: datetime,
    lease: timedelta,
) -> None:
    if not kept:
        return
    moment = _moment_text if tx.dialect.name == "sqlite" else _same
    fates = [_fate(one, now=moment(now), due_at=moment(one.due_at)) for one in kept]
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_SQLITE, fates)
    else:
        arrays = {name: [fate[name] for fate in fates] for name in _OF_MESSAGE}
        tx.exec_driver_sql(_POSTGRES, arrays)
    _TRIES.insert(
        tx,
        [
            _try(one, held[one.message_id], now=now, lease=lease)
            for one in kept
            if not _says_all(one, held[one.message_id])
        ],
    )


def _says_all(one: Booked, held: Any) -> bool:
    """Whether the message's own row says all there is to say of its tries: taken at the first, as
    nearly all are. What is about an order keeps a row for every try."""
    is_taken = one.state == MessageState.ACCEPTED.value
    return is_taken and one.attempt_no == 1 and held.order_line_id is None


def _fate(one: Booked, *, now: Any, due_at: Any) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "state": one.state,
        "reason": one.reason,
        "failures": one.failures,
        "unknowns": one.unknowns,
        "code": one.code[:64],
        "detail": _kept(one.detail),
        "finished_at": now if due_at is None else None,
        "due_at": due_at,
        "provider_id": one.provider_id[:255],
    }


def _try(one: Booked, held: Any, *, now: datetime, lease: timedelta) -> dict[str, Any]:
    until = held.lease_until
    return {
        "message_id": one.message_id,
        "attempt_no": one.attempt_no,
        "worker": held.lease_owner or "",
        "started_at": until - lease if until else now,  # or when it was last renewed
        "finished_at": now,
        "phase": one.phase,
        "outcome": one.outcome,
        "blame": one.blame,
        "code": one.code[:64],
        "detail": _kept(one.detail),
    }


def _kept(detail: str) -> str:
    return detail[:1024].replace("\0", "")  # PostgreSQL keeps none


@lru_cache(maxsize=8)
def _moment_text(moment: datetime | None) -> str | None:
    """As the column type Instant writes it on SQLite."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _same(moment: datetime | None) -> datetime | None:
    return moment


def count_tries(tx: Connection, ids: Sequence[int], *, code: str) -> dict[int, int]:
    """How many finished tries at each of these messages ended with this code."""
    rows = tx.execute(
        select(attempts.c.message_id, func.count().label("tries"))
        .where(attempts.c.message_id.in_(list(ids)), attempts.c.code == code)
        .group_by(attempts.c.message_id)
    )
    return {row.message_id: row.tries for row in rows}
