"""Which messages are there, and how does each stand?

What is due and who has taken it: store/claims.py; how a try ended: store/booking.py; how much is
open: store/backlog.py; what a person must let go after a restore: store/held_messages.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from notifier.domain.message import MessageState
from notifier.store.many_rows import ManyRows
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of, maker
from notifier.store.tables.telling import messages
from notifier.store.taken_back import MAY_WAKE


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
    """What a message says to whom, and how its tries went: all that sending it takes."""

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
    facts: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime | None
    attempt_no: int
    failures: int
    unknowns: int
    first_tried_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord(MessageRow):
    """The same with how it stands."""

    template_version: str
    priority: int
    state: str
    reason: str
    due_at: datetime
    finished_at: datetime | None
    provider_id: str
    last_code: str
    last_detail: str


COLUMNS = columns_of(messages, MessageRow)
RECORD = columns_of(messages, MessageRecord)
as_message = maker(MessageRow)
"""Of the values of COLUMNS, in their order."""
as_record = maker(MessageRecord)
"""Of the values of RECORD, in their order."""


def add_messages(tx: Connection, new: Sequence[NewMessage], *, now: datetime) -> int:
    """Insert; who has one for the same event already gets no second. How many were made."""
    return len(_ADD_NEW.insert(tx, [_values(one, now=now) for one in new]))


_COLUMNS = (*NewMessage.__slots__, "state", "created_at")
_ADD_NEW = ManyRows(messages, _COLUMNS, conflict="DO NOTHING", returning=("id",))
_ADD_ALL = ManyRows(messages, _COLUMNS)
_ADD_MESSAGE = Prepared(insert(messages).returning(messages.c.id))


def add_message(tx: Connection, new: NewMessage, *, now: datetime) -> int:
    """Insert one message that belongs to no event; its id."""
    return int(_ADD_MESSAGE.scalar(tx, _values(new, now=now)))


def add_all(tx: Connection, new: Sequence[NewMessage], *, now: datetime) -> None:
    """Insert messages that belong to no event, with one statement."""
    _ADD_ALL.insert(tx, [_values(one, now=now) for one in new])


def _values(new: NewMessage, *, now: datetime) -> dict[str, Any]:
    values = {name: getattr(new, name) for name in NewMessage.__slots__}
    return values | {"state": MessageState.DUE.value, "created_at": now}


def rearm_skipped(
    tx: Connection,
    *,
    release_id: int,
    subscription_ids: Sequence[int],
    now: datetime,
    wave: int,
    expires_at: datetime,
) -> int:
    """Make due again what was skipped because stock was gone, or texts could not leave; how
    many."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.release_id == release_id,
            messages.c.subscription_id.in_(list(subscription_ids)),
            messages.c.state == MessageState.SKIPPED.value,
            messages.c.reason.in_(MAY_WAKE),
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


_POSTPONE = (
    update(messages)
    .where(messages.c.id == bindparam("message_id"))
    .values(due_at=bindparam("later"), reason=bindparam("why"))
)


def postpone_all(tx: Connection, later: Sequence[tuple[int, datetime, str]]) -> None:
    """Each of these (id, when, why) is due then."""
    if later:
        tx.execute(
            _POSTPONE, [{"message_id": id_, "later": at, "why": why} for id_, at, why in later]
        )


def extend_expiry(tx: Connection, message_id: int, *, expires_at: datetime) -> None:
    """The message is worth sending until then."""
    tx.execute(update(messages).where(messages.c.id == message_id).values(expires_at=expires_at))


def find_message(
    tx: Connection, *, message_id: int | None = None, provider_id: str = ""
) -> MessageRecord | None:
    query = select(*RECORD)
    if message_id is not None:
        query = query.where(messages.c.id == message_id)
    else:
        query = query.where(messages.c.provider_id == provider_id)
    row = tx.execute(query.limit(1)).one_or_none()
    return as_record(row) if row else None


def find_messages(tx: Connection, ids: Sequence[int]) -> dict[int, MessageRecord]:
    """By id, as far as they are there."""
    rows = tx.execute(select(*RECORD).where(messages.c.id.in_(list(ids))))
    return {row.id: as_record(row) for row in rows}


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
