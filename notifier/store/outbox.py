"""Which messages are due, who is sending them, and how did each fare?

Claimed by a conditional UPDATE under a lease; every result must carry the attempt number it was
claimed with, so a worker that was thought dead cannot overwrite what happened since (trust RL-3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from notifier.domain.message import OPEN_STATES, MessageState
from notifier.store.prepared import Prepared
from notifier.store.tables.telling import attempts, messages
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be sent. With `event_id`, one per subscription and medium at most."""

    shop_id: int
    kind: str
    medium: str
    channel: str
    locale: str
    priority: int
    due_at: datetime
    contact_id: int | None = None
    address: str = ""
    subscription_id: int | None = None
    event_id: int | None = None
    release_id: int | None = None
    order_line_id: int | None = None
    wave: int | None = None
    template_version: str = ""
    facts: dict[str, Any] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    id: int
    shop_id: int
    kind: str
    medium: str
    channel: str
    contact_id: int | None
    address: str
    subscription_id: int | None
    event_id: int | None
    release_id: int | None
    order_line_id: int | None
    locale: str
    template_version: str
    facts: dict[str, Any] | None
    priority: int
    state: str
    reason: str
    created_at: datetime
    due_at: datetime
    expires_at: datetime | None
    attempt_no: int
    failures: int
    unknowns: int
    first_tried_at: datetime | None
    finished_at: datetime | None
    provider_id: str
    last_code: str
    last_detail: str


_COLUMNS = [messages.c[name] for name in MessageRow.__slots__]


def _message(row: Row[Any]) -> MessageRow:
    return MessageRow(**row._mapping)


def add_messages(tx: Connection, new: Sequence[NewMessage], *, now: datetime) -> int:
    """Insert; who has one for the same event already gets no second. How many were made."""
    if not new:
        return 0
    rows = [
        {
            **{name: getattr(one, name) for name in NewMessage.__slots__},
            "state": MessageState.DUE.value,
            "created_at": now,
        }
        for one in new
    ]
    made = 0
    statement = insert_or(tx, messages).on_conflict_do_nothing()
    for start in range(0, len(rows), 200):
        # one multi-row INSERT tells how many went in; executemany does not
        made += tx.execute(statement.values(rows[start : start + 200])).rowcount
    return made


_ADD_MESSAGE = Prepared(insert(messages).returning(messages.c.id))


def add_message(tx: Connection, new: NewMessage, *, now: datetime) -> int:
    """Insert one message that belongs to no event; its id."""
    values = {name: getattr(new, name) for name in NewMessage.__slots__}
    values |= {"state": MessageState.DUE.value, "created_at": now}
    return int(_ADD_MESSAGE.scalar(tx, values))


def rearm_gone(
    tx: Connection,
    *,
    release_id: int,
    subscription_ids: Sequence[int],
    now: datetime,
    wave: int,
    expires_at: datetime,
) -> int:
    """Make due again what was skipped because stock was gone; how many."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.release_id == release_id,
            messages.c.subscription_id.in_(list(subscription_ids)),
            messages.c.state == MessageState.SKIPPED.value,
            messages.c.reason == "stock_gone",
        )
        .values(
            state=MessageState.DUE.value,
            reason="",
            due_at=now,
            finished_at=None,
            wave=wave,
            expires_at=expires_at,
        )
    )
    return int(done.rowcount)


def due_channels(tx: Connection, *, now: datetime) -> list[str]:
    """The channels for which something is due."""
    rows = tx.execute(
        select(messages.c.channel)
        .where(_wanted(), messages.c.due_at <= now)
        .group_by(messages.c.channel)
    )
    return [row.channel for row in rows]


def _wanted() -> Any:
    return (messages.c.state.in_(("due", "unknown"))) & (messages.c.finished_at.is_(None))


def select_due(tx: Connection, *, channel: str, now: datetime, limit: int) -> list[MessageRow]:
    """The next messages of a channel, most urgent first, locked against other workers."""
    query = (
        select(*_COLUMNS)
        .where(messages.c.channel == channel, _wanted(), messages.c.due_at <= now)
        .order_by(messages.c.priority, messages.c.due_at, messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_message(row) for row in tx.execute(query)]


def claim(
    tx: Connection, ids: Sequence[int], *, owner: str, now: datetime, lease: timedelta
) -> None:
    """Lease messages that `select_due` gave in this transaction, and note the new attempts."""
    if not ids:
        return
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(list(ids)))
        .values(
            state=MessageState.SENDING.value,
            lease_owner=owner,
            lease_until=now + lease,
            attempt_no=messages.c.attempt_no + 1,
            first_tried_at=func.coalesce(messages.c.first_tried_at, now),
        )
    )
    tx.execute(
        insert(attempts).from_select(
            ["message_id", "attempt_no", "worker", "started_at", "phase"],
            select(
                messages.c.id,
                messages.c.attempt_no,
                messages.c.lease_owner,
                bindparam("started", now, type_=attempts.c.started_at.type),
                bindparam("phase", "prepared"),
            )
            .where(messages.c.id.in_(list(ids)))
            .order_by(messages.c.priority, messages.c.due_at, messages.c.id),
        )
    )


def extend_lease(tx: Connection, *, owner: str, now: datetime, lease: timedelta) -> None:
    tx.execute(
        update(messages)
        .where(messages.c.lease_owner == owner, messages.c.state == MessageState.SENDING.value)
        .values(lease_until=now + lease)
    )


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


def book(tx: Connection, booked: Booked, *, now: datetime) -> bool:
    """Store a result. False when the message was taken over meanwhile: the result is rejected."""
    values: dict[str, Any] = {
        "state": booked.state,
        "reason": booked.reason,
        "failures": booked.failures,
        "unknowns": booked.unknowns,
        "last_code": booked.code[:64],
        "last_detail": booked.detail[:1024],
        "lease_owner": None,
        "lease_until": None,
        "finished_at": now if booked.due_at is None else None,
    }
    if booked.due_at is not None:
        values["due_at"] = booked.due_at
    if booked.provider_id:
        values["provider_id"] = booked.provider_id[:255]
    done = tx.execute(
        update(messages)
        .where(
            messages.c.id == booked.message_id,
            messages.c.attempt_no == booked.attempt_no,
            messages.c.state == MessageState.SENDING.value,
        )
        .values(values)
    )
    if done.rowcount != 1:
        return False
    tx.execute(
        update(attempts)
        .where(
            attempts.c.message_id == booked.message_id,
            attempts.c.attempt_no == booked.attempt_no,
        )
        .values(
            finished_at=now,
            phase=booked.phase,
            outcome=booked.outcome,
            blame=booked.blame,
            code=booked.code[:64],
            detail=booked.detail[:1024],
        )
    )
    return True


def skip(tx: Connection, ids: Sequence[int], *, reason: str, now: datetime) -> None:
    """Finish messages without sending them; the reason answers "why was I not told?"."""
    if ids:
        tx.execute(
            update(messages)
            .where(messages.c.id.in_(list(ids)), messages.c.finished_at.is_(None))
            .values(
                state=MessageState.SKIPPED.value,
                reason=reason,
                finished_at=now,
                lease_owner=None,
                lease_until=None,
            )
        )


def postpone(tx: Connection, ids: Sequence[int], *, due_at: datetime, reason: str) -> None:
    if ids:
        tx.execute(
            update(messages)
            .where(messages.c.id.in_(list(ids)))
            .values(due_at=due_at, reason=reason)
        )


def extend_expiry(tx: Connection, message_id: int, *, expires_at: datetime) -> None:
    """The message is worth sending until then."""
    tx.execute(update(messages).where(messages.c.id == message_id).values(expires_at=expires_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    message_id: int
    attempt_no: int
    owner: str
    lease_until: datetime


def leased(tx: Connection, *, owner: str = "") -> list[Leased]:
    """Messages being sent; with `owner`, those of one sender."""
    query = select(
        messages.c.id.label("message_id"),
        messages.c.attempt_no,
        messages.c.lease_owner.label("owner"),
        messages.c.lease_until,
    ).where(messages.c.state == MessageState.SENDING.value)
    if owner:
        query = query.where(messages.c.lease_owner == owner)
    rows = tx.execute(query.order_by(messages.c.id).limit(10_000))  # one order: no deadlocks
    return [Leased(**row._mapping) for row in rows]


def count_tries(tx: Connection, ids: Sequence[int], *, code: str) -> dict[int, int]:
    """How many finished tries at each of these messages ended with this code."""
    rows = tx.execute(
        select(attempts.c.message_id, func.count().label("tries"))
        .where(attempts.c.message_id.in_(list(ids)), attempts.c.code == code)
        .group_by(attempts.c.message_id)
    )
    return {row.message_id: row.tries for row in rows}


def find_message(
    tx: Connection, *, message_id: int | None = None, provider_id: str = ""
) -> MessageRow | None:
    query = select(*_COLUMNS)
    if message_id is not None:
        query = query.where(messages.c.id == message_id)
    else:
        query = query.where(messages.c.provider_id == provider_id)
    row = tx.execute(query.limit(1)).one_or_none()
    return _message(row) if row else None


def move_message(tx: Connection, message_id: int, *, state: str, now: datetime) -> None:
    """A receipt arrived: store the later state."""
    tx.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(state=state, finished_at=func.coalesce(messages.c.finished_at, now))
    )


def end_open_messages(
    tx: Connection, *, subscription_ids: Iterable[int], reason: str, now: datetime
) -> int:
    """Nothing of these subscriptions may start to be sent any more; how many were stopped."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.subscription_id.in_(list(subscription_ids)),
            messages.c.state.in_(("due", "unknown")),
            messages.c.finished_at.is_(None),
        )
        .values(state=MessageState.SKIPPED.value, reason=reason, finished_at=now)
    )
    return int(done.rowcount)


def has_event_message(
    tx: Connection, *, event_id: int, contact_ids: Sequence[int]
) -> dict[int, int]:
    """Which of these people have a message for the event already: contact id → message id."""
    rows = tx.execute(
        select(messages.c.contact_id, messages.c.id).where(
            messages.c.event_id == event_id,
            messages.c.contact_id.in_(list(contact_ids)),
            ~(
                (messages.c.state == MessageState.SKIPPED.value)
                & (messages.c.reason == "stock_gone")
            ),
        )
    )
    return {row.contact_id: row.id for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    state: str
    kind: str
    medium: str
    count: int
    oldest_due_at: datetime | None


def depths(tx: Connection) -> list[Depth]:
    """The backlog: open messages by state, kind and medium."""
    rows = tx.execute(
        select(
            messages.c.state,
            messages.c.kind,
            messages.c.medium,
            func.count().label("count"),
            func.min(messages.c.due_at).label("oldest_due_at"),
        )
        .where(
            messages.c.state.in_([s.value for s in OPEN_STATES]), messages.c.finished_at.is_(None)
        )
        .group_by(messages.c.state, messages.c.kind, messages.c.medium)
    )
    return [Depth(**row._mapping) for row in rows]


def count_recent(
    tx: Connection,
    *,
    contact_id: int,
    shop_id: int,
    since: datetime,
    kinds: Sequence[str],
    besides: int,
) -> int:
    """How many messages of these kinds one person was sent since then, `besides` not counted."""
    return int(
        tx.execute(
            select(func.count())
            .select_from(messages)
            .where(
                messages.c.contact_id == contact_id,
                messages.c.shop_id == shop_id,
                messages.c.kind.in_(list(kinds)),
                messages.c.state.in_(("sending", "accepted", "delivered", "unknown")),
                messages.c.first_tried_at >= since,
                messages.c.id != besides,
            )
        ).scalar_one()
    )


def hold_open(tx: Connection, *, reason: str) -> int:
    """Hold everything not finished until a person has looked; how many."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.state.in_([state.value for state in OPEN_STATES]),
            messages.c.finished_at.is_(None),
        )
        .values(state=MessageState.HELD.value, reason=reason, lease_owner=None, lease_until=None)
    )
    return int(done.rowcount)


def count_held(tx: Connection) -> int:
    return int(
        tx.execute(
            select(func.count())
            .select_from(messages)
            .where(messages.c.state == MessageState.HELD.value)
        ).scalar_one()
    )


def release_held(tx: Connection, *, send: bool, now: datetime) -> int:
    """Let held messages go, or drop them; how many."""
    values: dict[str, Any] = {"state": MessageState.DUE.value, "reason": "", "due_at": now}
    if not send:
        values = {
            "state": MessageState.SKIPPED.value,
            "reason": "dropped_after_restore",
            "finished_at": now,
        }
    done = tx.execute(
        update(messages).where(messages.c.state == MessageState.HELD.value).values(values)
    )
    return int(done.rowcount)
