"""What waits for a person of one shop, and what is going on there at this moment?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select, text

from notifier.store.alarms import AlarmRow
from notifier.store.counting import MOST, count_some
from notifier.store.rows import columns_of
from notifier.store.tables.operation import alarms
from notifier.store.tables.orders import order_lines
from notifier.store.tables.telling import WANTED, messages

_ALARM = columns_of(alarms, AlarmRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Messages of a shop that are due, and since when the oldest is. Counted up to MOST."""

    due: int
    oldest_at: datetime | None
    last_minute: int  # accepted within it
    failed_today: int


def alarms_of(tx: Connection, shop_id: int) -> Sequence[AlarmRow]:
    """Open alarms of a shop and of the service itself, the newest first."""
    query = (
        select(*_ALARM)
        .where(
            alarms.c.cleared_at.is_(None),
            or_(alarms.c.shop_id == shop_id, alarms.c.shop_id.is_(None)),
        )
        .order_by(alarms.c.last_at.desc())
        .limit(50)
    )
    return [AlarmRow(**row._mapping) for row in tx.execute(query)]


def refunds_due(tx: Connection, shop_id: int) -> tuple[int, datetime | None]:
    """How many order lines wait for their refund, and by when the first must be sent."""
    query = select(func.count(), func.min(order_lines.c.refund_by)).where(
        order_lines.c.shop_id == shop_id, order_lines.c.state == "refund_due"
    )
    count, first = tx.execute(query).one()
    return int(count), first


def backlog(
    tx: Connection, shop_id: int, *, now: datetime, minute_ago: datetime, day_ago: datetime
) -> Backlog:
    due = messages.c.shop_id == shop_id, text(WANTED), messages.c.due_at <= now
    first = select(func.min(messages.c.due_at)).where(*due)
    ended = select(messages.c.id).where(messages.c.shop_id == shop_id)
    taken = ended.where(
        messages.c.finished_at >= minute_ago, messages.c.state.in_(("accepted", "delivered"))
    )
    failed = ended.where(
        messages.c.finished_at >= day_ago, messages.c.state.in_(("failed", "refused", "bounced"))
    )
    waiting = count_some(tx, select(messages.c.id).where(*due))
    return Backlog(
        due=waiting,
        oldest_at=tx.execute(first).scalar_one() if 0 < waiting <= MOST else None,
        last_minute=count_some(tx, taken),
        failed_today=count_some(tx, failed),
    )


def told_of(tx: Connection, release_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each release: messages written, and of those the ones a provider took."""
    if not release_ids:
        return {}
    sent = messages.c.state.in_(("accepted", "delivered", "bounced", "complained", "unknown"))
    query = (
        select(messages.c.release_id, func.count(), func.sum(case((sent, 1), else_=0)))
        .where(messages.c.release_id.in_(release_ids))
        .group_by(messages.c.release_id)
    )
    return {int(id_): (int(all_), int(taken or 0)) for id_, all_, taken in tx.execute(query)}
