"""How many of a shop's last alerts came back or were called spam, and of which was that heard?

Only alerts by mail: anybody can have a confirmation sent to any address, and what is owed does not
stop. A mail came back when its address does not exist or a filter refused it (trust EM-25, 2.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, and_, bindparam, case, func, or_, select

from notifier.domain.message import ALERTS, Medium, MessageState
from notifier.store.tables.telling import attempts, messages, receipts

FIRST_LOOK = 20_000  # rows of what was said that a look without memory reads, the newest
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_state, _reason = messages.c.state, messages.c.reason
_CALLED_SPAM = _state == MessageState.COMPLAINED.value
_CAME_BACK = or_(
    _state == MessageState.BOUNCED.value,
    and_(_state == MessageState.REFUSED.value, _reason.in_(("refused_address", "refused_policy"))),
    and_(
        _state == MessageState.FAILED.value,
        _reason == "receipt_failed",
        messages.c.last_code.startswith("5.7."),
    ),
)
_LEFT = or_(
    _state.in_(
        [
            MessageState.ACCEPTED.value,
            MessageState.DELIVERED.value,
            MessageState.UNKNOWN.value,
            MessageState.COMPLAINED.value,
        ]
    ),
    _CAME_BACK,
    _reason.startswith("receipt_", autoescape=True),
)
_ALERT_BY_MAIL = and_(
    messages.c.medium == Medium.EMAIL.value,
    messages.c.kind.in_(sorted(kind.value for kind in ALERTS)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upto:
    """The newest rows that a look has read."""

    receipt: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something bad was heard of a shop's alerts; the newest of them left at `sent_at`."""

    shop_id: int
    is_spam: bool
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    sends: int
    came_back: int
    called_spam: int


def last_said(tx: Connection) -> Upto:
    """The newest rows there are. What commits with a lower number later is heard with the next."""
    return Upto(receipt=_last(tx, receipts), attempt=_last(tx, attempts))


def heard_since(
    tx: Connection, after: Upto | None, *, upto: Upto, sent_after: datetime
) -> list[Heard]:
    """Of which shops' alerts something bad was said between these rows, about what left since
    then. `after` None: nobody has looked yet."""
    first = after or Upto(receipt=upto.receipt - FIRST_LOOK, attempt=upto.attempt - FIRST_LOOK)
    values = {"sent_after": sent_after}
    rows = [
        *tx.execute(_OF_RECEIPTS, values | {"after": first.receipt, "upto": upto.receipt}),
        *tx.execute(_OF_ATTEMPTS, values | {"after": first.attempt, "upto": upto.attempt}),
    ]
    return [
        Heard(shop_id=row.shop_id, is_spam=bool(row.is_spam), sent_at=row.sent_at) for row in rows
    ]


def tally(
    tx: Connection, shop_id: int, *, upto: datetime, after: datetime | None, most: int
) -> Tally:
    """Of a shop's alerts that left between `after` and `upto`, the last so many."""
    row = tx.execute(
        _TALLY, {"of_shop": shop_id, "upto": upto, "after": after or _LONG_AGO, "most": most}
    ).one()
    return Tally(
        sends=int(row.sends), came_back=int(row.came_back or 0), called_spam=int(row.spam or 0)
    )


def _last(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


def _of(said_in: Table, message_id: Column[Any]) -> Select[Any]:
    is_spam = case((_CALLED_SPAM, 1), else_=0)
    return (
        select(
            messages.c.shop_id,
            is_spam.label("is_spam"),
            func.max(messages.c.finished_at).label("sent_at"),
        )
        .select_from(said_in.join(messages, messages.c.id == message_id))
        .where(
            said_in.c.id > bindparam("after"),
            said_in.c.id <= bindparam("upto"),
            or_(_CAME_BACK, _CALLED_SPAM),
            _ALERT_BY_MAIL,
            messages.c.finished_at > bindparam("sent_after"),
        )
        .group_by(messages.c.shop_id, is_spam)
    )


_OF_RECEIPTS = _of(receipts, receipts.c.message_id)
_OF_ATTEMPTS = _of(attempts, attempts.c.message_id)


def _tally() -> Select[Any, Any, Any]:
    """One walk along ix_messages_finished, from the newest back."""
    last = (
        select(
            case((_CAME_BACK, 1), else_=0).label("came_back"),
            case((_CALLED_SPAM, 1), else_=0).label("spam"),
        )
        .where(
            messages.c.finished_at > bindparam("after"),
            messages.c.finished_at <= bindparam("upto"),
            messages.c.shop_id == bindparam("of_shop"),
            _ALERT_BY_MAIL,
            _LEFT,
        )
        .order_by(messages.c.finished_at.desc())
        .limit(bindparam("most"))
        .subquery()
    )
    return select(
        func.count().label("sends"),
        func.sum(last.c.came_back).label("came_back"),
        func.sum(last.c.spam).label("spam"),
    ).select_from(last)


_TALLY = _tally()
