"""Which order lines are to be seen or served first?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from notifier.domain.order_delay.states import OPEN
from notifier.store.orders import LINE_COLUMNS, LineRow, OrderRow, as_line
from notifier.store.tables.orders import order_events, order_lines, orders


def has_due_line(tx: Connection, variant_id: int, *, now: datetime) -> bool:
    """Whether a line of this variant that waits for its goods is to be looked at by now."""
    query = select(order_lines.c.id).where(
        order_lines.c.variant_id == variant_id,
        order_lines.c.state.in_(OPEN),
        order_lines.c.look_at <= now,
    )
    return tx.execute(query.limit(1)).one_or_none() is not None


def units_before(
    tx: Connection,
    line: LineRow,
    order: OrderRow,
    *,
    shipped_since: datetime,
) -> int:
    """How many units of the same variant belong to lines before this one: of orders completed
    earlier, still waiting, or shipped since `shipped_since`."""
    earlier = or_(
        orders.c.completed_at < order.completed_at,
        and_(orders.c.completed_at == order.completed_at, order_lines.c.id < line.id),
    )
    just_shipped = (
        select(order_events.c.id)
        .where(
            order_events.c.line_id == order_lines.c.id,
            order_events.c.kind == "shipped",
            order_events.c.at >= shipped_since,
        )
        .exists()
    )
    query = (
        select(func.coalesce(func.sum(order_lines.c.quantity), 0))
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(
            order_lines.c.variant_id == line.variant_id,
            order_lines.c.id != line.id,
            or_(
                and_(order_lines.c.state.in_(OPEN), earlier),
                just_shipped,
            ),
        )
    )
    return int(tx.execute(query).scalar_one())


def list_lines(
    tx: Connection,
    shop_id: int,
    *,
    states: Sequence[str] = (),
    next_steps: Sequence[str] = (),
    due_before: datetime | None = None,
    after: tuple[datetime | None, int] | None = None,
    limit: int,
) -> list[LineRow]:
    """Lines of a shop by their next deadline, those without one last; from `after` (deadline and
    id of the last one seen) on. `due_before`: only those with a deadline before it."""
    deadline = order_lines.c.deadline_at
    query = select(*LINE_COLUMNS).where(order_lines.c.shop_id == shop_id)
    if states:
        query = query.where(order_lines.c.state.in_(list(states)))
    if next_steps:
        query = query.where(order_lines.c.next_step.in_(list(next_steps)))
    if due_before is not None:
        query = query.where(deadline < due_before)
    found: list[LineRow] = []
    if after is None or after[0] is not None:
        dated = query.where(deadline.is_not(None))
        if after is not None:
            at, id_ = after
            dated = dated.where(or_(deadline > at, and_(deadline == at, order_lines.c.id > id_)))
        rows = tx.execute(dated.order_by(deadline, order_lines.c.id).limit(limit))
        found = [as_line(row) for row in rows]
    if len(found) < limit and due_before is None:
        undated = query.where(deadline.is_(None))
        if after is not None and after[0] is None:
            undated = undated.where(order_lines.c.id > after[1])
        rows = tx.execute(undated.order_by(order_lines.c.id).limit(limit - len(found)))
        found += [as_line(row) for row in rows]
    return found
