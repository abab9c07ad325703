"""Which order lines wait, and what happened to each?

The events of a line are the truth; its state and deadlines are what `services.order_line` made of
them last, kept for lists and for finding what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from notifier.domain.order_delay.states import OPEN
from notifier.store.rows import columns_of
from notifier.store.tables.orders import order_events, order_lines, orders
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    id: int
    shop_id: int
    ref: str
    email_id: int | None
    phone_id: int | None
    locale: str
    country: str
    zone: str
    completed_at: datetime
    credit_application: bool
    seller_is_creditor: bool
    billing_cycle_days: int
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """One line. `promise`: {text, by | days | business_days}, None when nothing was promised."""

    id: int
    order_id: int
    shop_id: int
    ref: str
    variant_id: int | None
    title: str
    quantity: int
    price: Decimal | None
    currency: str
    sold_as: str
    promise: dict[str, Any] | None
    transit_days: int
    date_is_essential: bool
    excluded: str
    incentive: dict[str, Any] | None
    created_at: datetime
    assessed_at: datetime
    state: str
    next_step: str
    deadline_at: datetime | None
    refund_by: datetime | None
    look_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened to a line. `key`: the same happening has the same key."""

    id: int
    line_id: int
    at: datetime
    recorded_at: datetime
    kind: str
    facts: dict[str, Any]
    actor: str
    key: str


_ORDER = columns_of(orders, OrderRow)
LINE_COLUMNS = columns_of(order_lines, LineRow)
_EVENT = columns_of(order_events, EventRow)


def add_order(tx: Connection, **values: Any) -> int | None:
    """The new order's id; None when the shop has one with this ref already."""
    made = tx.execute(
        insert_or(tx, orders).values(**values).on_conflict_do_nothing().returning(orders.c.id)
    )
    return made.scalar_one_or_none()


def find_order(
    tx: Connection, *, shop_id: int | None = None, ref: str = "", order_id: int | None = None
) -> OrderRow | None:
    """By id, or by the shop's own number."""
    query = select(*_ORDER)
    if order_id is not None:
        query = query.where(orders.c.id == order_id)
    else:
        query = query.where(orders.c.shop_id == shop_id, orders.c.ref == ref)
    row = tx.execute(query).one_or_none()
    return OrderRow(**row._mapping) if row else None


def find_orders(tx: Connection, ids: Iterable[int]) -> dict[int, OrderRow]:
    rows = tx.execute(select(*_ORDER).where(orders.c.id.in_(list(set(ids)))))
    return {row.id: OrderRow(**row._mapping) for row in rows}


def orders_of(tx: Connection, contact_id: int) -> list[OrderRow]:
    """The orders of one customer, oldest first."""
    rows = tx.execute(
        select(*_ORDER)
        .where((orders.c.email_id == contact_id) | (orders.c.phone_id == contact_id))
        .order_by(orders.c.id)
    )
    return [OrderRow(**row._mapping) for row in rows]


def update_order(tx: Connection, order_id: int, **values: Any) -> None:
    tx.execute(update(orders).where(orders.c.id == order_id).values(**values))


def add_line(tx: Connection, **values: Any) -> int | None:
    """The new line's id; None when the order has one with this ref already."""
    made = tx.execute(
        insert_or(tx, order_lines)
        .values(**values)
        .on_conflict_do_nothing()
        .returning(order_lines.c.id)
    )
    return made.scalar_one_or_none()


def find_line(tx: Connection, line_id: int, *, for_update: bool = False) -> LineRow | None:
    """A line; `for_update` keeps every other decision about it waiting until we commit."""
    query = select(*LINE_COLUMNS).where(order_lines.c.id == line_id)
    if for_update:
        query = query.with_for_update()
    row = tx.execute(query).one_or_none()
    return as_line(row) if row else None


def find_lines(tx: Connection, ids: Iterable[int]) -> dict[int, LineRow]:
    rows = tx.execute(select(*LINE_COLUMNS).where(order_lines.c.id.in_(list(set(ids)))))
    return {row.id: as_line(row) for row in rows}


def lines_of_order(tx: Connection, order_id: int) -> list[LineRow]:
    rows = tx.execute(
        select(*LINE_COLUMNS).where(order_lines.c.order_id == order_id).order_by(order_lines.c.id)
    )
    return [as_line(row) for row in rows]


def lines_of_variant(
    tx: Connection, variant_id: int, *, states: Sequence[str], after: int = 0, limit: int = 1000
) -> list[LineRow]:
    """Lines of one variant in these states, in the order in which they came, from id `after` on."""
    rows = tx.execute(
        select(*LINE_COLUMNS)
        .where(
            order_lines.c.variant_id == variant_id,
            order_lines.c.state.in_(list(states)),
            order_lines.c.id > after,
        )
        .order_by(order_lines.c.id)
        .limit(limit)
    )
    return [as_line(row) for row in rows]


def open_units(tx: Connection, variant_id: int, *, states: Sequence[str]) -> tuple[int, int]:
    """How many lines of a variant are in these states, and how many units they ask for."""
    row = tx.execute(
        select(func.count(), func.coalesce(func.sum(order_lines.c.quantity), 0)).where(
            order_lines.c.variant_id == variant_id, order_lines.c.state.in_(list(states))
        )
    ).one()
    return int(row[0]), int(row[1])


def due_lines(tx: Connection, *, now: datetime, limit: int) -> list[int]:
    """Lines at which something may follow by now, the longest due first."""
    rows = tx.execute(
        select(order_lines.c.id)
        .where(order_lines.c.look_at <= now)
        .order_by(order_lines.c.look_at, order_lines.c.id)
        .limit(limit)
    )
    return list(rows.scalars())


def touch_lines_of_variant(tx: Connection, variant_ids: Iterable[int], *, now: datetime) -> int:
    """Let the job look at the lines of these variants that still wait; how many."""
    touched = 0
    wanted = sorted(set(variant_ids))
    for start in range(0, len(wanted), 500):
        lines = (
            select(order_lines.c.id)
            .where(
                order_lines.c.variant_id.in_(wanted[start : start + 500]),
                order_lines.c.state.in_(OPEN),
            )
            .order_by(order_lines.c.id)  # whoever locks many lines does so in this order
            .with_for_update()
        )
        done = tx.execute(
            update(order_lines).where(order_lines.c.id.in_(lines)).values(look_at=now)
        )
        touched += done.rowcount
    return touched


def update_line(tx: Connection, line_id: int, **values: Any) -> None:
    tx.execute(update(order_lines).where(order_lines.c.id == line_id).values(**values))


def add_event(
    tx: Connection,
    line_id: int,
    *,
    kind: str,
    at: datetime,
    recorded_at: datetime,
    key: str,
    facts: dict[str, Any] | None = None,
    actor: str = "",
) -> bool:
    """One more event; False when the line has one with this key already."""
    made = tx.execute(
        insert_or(tx, order_events)
        .values(
            line_id=line_id,
            kind=kind,
            at=at,
            recorded_at=recorded_at,
            key=key,
            facts=facts or {},
            actor=actor[:128],
        )
        .on_conflict_do_nothing()
    )
    return bool(made.rowcount)


def events_of(tx: Connection, line_ids: Sequence[int]) -> dict[int, list[EventRow]]:
    """The events of these lines, as recorded."""
    found: dict[int, list[EventRow]] = {line_id: [] for line_id in line_ids}
    rows = tx.execute(
        select(*_EVENT)
        .where(order_events.c.line_id.in_(list(line_ids)))
        .order_by(order_events.c.id)
    )
    for row in rows:
        found[row.line_id].append(EventRow(**row._mapping))
    return found


def as_line(row: Row[Any]) -> LineRow:
    """A row of `LINE_COLUMNS`."""
    return LineRow(**row._mapping)
