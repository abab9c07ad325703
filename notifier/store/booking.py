"""How did tries end? Stored for hundreds of messages with a few statements.

A result is taken only with the attempt number its message was claimed with: a worker that was
thought dead cannot overwrite what happened since (trust RL-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select

from notifier.domain.message import MessageState
from notifier.store.among import is_one_of
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


_MESSAGE = """
UPDATE messages SET state = {state}, reason = {reason}, failures = {failures},
    unknowns = {unknowns}, last_code = {code}, last_detail = {detail},
    lease_owner = NULL, lease_until = NULL, finished_at = {finished_at},
    due_at = coalesce({due_at}, messages.due_at),
    provider_id = coalesce(nullif({provider_id}, ''), messages.provider_id)
"""
_ATTEMPT = """
UPDATE attempts SET finished_at = {now}, phase = {phase}, outcome = {outcome}, blame = {blame},
    code = {code}, detail = {detail}
"""
_TYPES = {
    "message_id": "bigint",
    "attempt_no": "int",
    "state": "text",
    "reason": "text",
    "failures": "int",
    "unknowns": "int",
    "code": "text",
    "detail": "text",
    "finished_at": "timestamptz",
    "due_at": "timestamptz",
    "provider_id": "text",
    "now": "timestamptz",
    "phase": "text",
    "outcome": "text",
    "blame": "text",
}
_NAMES = tuple(_TYPES)
# SQLite runs one prepared statement for each row, which costs less there than reading an array.
_BY_ROW = {name: f":{name}" for name in _NAMES}
_BY_ARRAY = {name: f"new.{name}" for name in _NAMES}
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())
_FROM = f" FROM unnest({_ARRAYS}) AS new ({', '.join(_NAMES)})"
_SQLITE = (
    _MESSAGE.format(**_BY_ROW) + " WHERE id = :message_id",
    _ATTEMPT.format(**_BY_ROW) + " WHERE message_id = :message_id AND attempt_no = :attempt_no",
)
_POSTGRES = (
    _MESSAGE.format(**_BY_ARRAY) + _FROM + " WHERE messages.id = new.message_id",
    _ATTEMPT.format(**_BY_ARRAY)
    + _FROM
    + " WHERE attempts.message_id = new.message_id AND attempts.attempt_no = new.attempt_no",
)


def book(tx: Connection, booked: Booked, *, now: datetime) -> bool:
    """Store a result. False when the message was taken over meanwhile: the result is rejected."""
    return bool(book_all(tx, [booked], now=now))


def book_all(tx: Connection, booked: Sequence[Booked], *, now: datetime) -> set[int]:
    """Store results, one a message; the ids of those that were not taken over meanwhile."""
    ids = [one.message_id for one in booked]
    held = {
        (row.id, row.attempt_no)
        for row in tx.execute(
            select(messages.c.id, messages.c.attempt_no)
            .where(
                is_one_of(tx, messages.c.id, ids),
                messages.c.state == MessageState.SENDING.value,
            )
            .order_by(messages.c.id)  # all lock in one order: no deadlocks
            .with_for_update()
        )
    }
    kept = [one for one in booked if (one.message_id, one.attempt_no) in held]
    if not kept:
        return set()
    moment = _moment_text if tx.dialect.name == "sqlite" else _same
    rows = [_row(one, now=moment(now), due_at=moment(one.due_at)) for one in kept]
    if tx.dialect.name == "sqlite":
        for statement in _SQLITE:
            tx.exec_driver_sql(statement, rows)
    else:
        arrays = {name: [row[name] for row in rows] for name in _NAMES}
        for statement in _POSTGRES:
            tx.exec_driver_sql(statement, arrays)
    return {one.message_id for one in kept}


def _row(one: Booked, *, now: Any, due_at: Any) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "attempt_no": one.attempt_no,
        "state": one.state,
        "reason": one.reason,
        "failures": one.failures,
        "unknowns": one.unknowns,
        "code": one.code[:64],
        "detail": one.detail[:1024].replace("\0", ""),  # PostgreSQL keeps none
        "finished_at": now if due_at is None else None,
        "due_at": due_at,
        "provider_id": one.provider_id[:255],
        "now": now,
        "phase": one.phase,
        "outcome": one.outcome,
        "blame": one.blame,
    }


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
