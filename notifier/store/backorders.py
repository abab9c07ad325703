"""What was decided about taking backorders, and which stored facts is that decided on?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, select, update

from notifier.domain.availability import Availability
from notifier.domain.backorder import ORDERED_AHEAD
from notifier.domain.order_delay import State
from notifier.domain.order_history import Happened
from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import stock, variants
from notifier.store.tables.orders import backorders, order_events, order_lines, orders
from notifier.store.upsert import insert_or

_AHEAD = [one.value for one in ORDERED_AHEAD]
_SHIPPED = (Happened.SHIPPED.value, Happened.DELIVERED.value)
_CANCELLED = (Happened.CANCELLED.value, Happened.WITHDRAWN.value)
_OVER = (*_SHIPPED, *_CANCELLED, Happened.NO_SHIP.value)
_CLOSED = (State.SHIPPED, State.DELIVERED, State.REFUND_DUE, State.REFUNDED, State.MANUAL_REVIEW)
_OPEN = [state.value for state in State if state not in _CLOSED]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderRow:
    """The decision about one variant. `override`: accept, stop, or '' to follow the rules."""

    variant_id: int
    decision: str
    reason: str
    facts: dict[str, Any]
    decided_at: datetime
    override: str
    override_by: str
    override_why: str
    override_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisedLine:
    """What one line was promised, and when it was shipped or taken back first."""

    variant_id: int
    promise: dict[str, Any]
    completed_at: datetime
    zone: str
    country: str
    shipped_at: datetime | None
    cancelled_at: datetime | None


_ROW = columns_of(backorders, BackorderRow)


def load_decisions(tx: Connection, variant_ids: Iterable[int]) -> dict[int, BackorderRow]:
    """By variant id; variants about which nothing was decided are absent."""
    rows = tx.execute(select(*_ROW).where(backorders.c.variant_id.in_(list(set(variant_ids)))))
    return {row.variant_id: BackorderRow(**row._mapping) for row in rows}


def put_decision(
    tx: Connection, variant_id: int, *, before: BackorderRow | None, **values: Any
) -> bool:
    """Store what changed. False when somebody else changed the row since `before` was read."""
    if before is None:
        made = tx.execute(
            insert_or(tx, backorders)
            .values(variant_id=variant_id, **values)
            .on_conflict_do_nothing()
        )
        return bool(made.rowcount)
    done = tx.execute(
        update(backorders)
        .where(
            backorders.c.variant_id == variant_id,
            backorders.c.decision == before.decision,
            backorders.c.reason == before.reason,
            backorders.c.override == before.override,
            backorders.c.decided_at == before.decided_at,
        )
        .values(**values)
    )
    return bool(done.rowcount)


def to_decide(tx: Connection, *, after: int, limit: int) -> list[int]:
    """Variants that are on backorder or pre-order, or were and are discontinued now: by id."""
    stopped_for_good = and_(
        stock.c.availability == Availability.DISCONTINUED.value,
        exists().where(backorders.c.variant_id == stock.c.variant_id),
    )
    rows = tx.execute(
        select(stock.c.variant_id)
        .where(stock.c.variant_id > after, stock.c.availability.in_(_AHEAD) | stopped_for_good)
        .order_by(stock.c.variant_id)
        .limit(limit)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A decision with the variant it is about."""

    variant: str
    availability: str
    row: BackorderRow


def list_decisions(tx: Connection, shop_id: int, *, after: int, limit: int) -> list[Listed]:
    """The decisions in force in a shop, by variant id."""
    rows = tx.execute(
        select(variants.c.key, stock.c.availability, *_ROW)
        .join(variants, variants.c.id == backorders.c.variant_id)
        .join(stock, stock.c.variant_id == backorders.c.variant_id)
        .where(
            variants.c.shop_id == shop_id,
            backorders.c.variant_id > after,
            stock.c.availability.in_([*_AHEAD, Availability.DISCONTINUED.value]),
        )
        .order_by(backorders.c.variant_id)
        .limit(limit)
    )
    return [
        Listed(
            variant=row.key,
            availability=row.availability,
            row=BackorderRow(**{name: getattr(row, name) for name in BackorderRow.__slots__}),
        )
        for row in rows
    ]


def open_units(tx: Connection, variant_ids: Collection[int]) -> dict[int, int]:
    """Units of each variant that are ordered, not shipped and not cancelled."""
    over = exists().where(
        order_events.c.line_id == order_lines.c.id, order_events.c.kind.in_(_OVER)
    )
    rows = tx.execute(
        select(order_lines.c.variant_id, func.sum(order_lines.c.quantity))
        .where(
            order_lines.c.variant_id.in_(list(variant_ids)),
            order_lines.c.state.in_(_OPEN),
            ~over,
        )
        .group_by(order_lines.c.variant_id)
    )
    return {int(variant_id): int(units) for variant_id, units in rows}


def promises(
    tx: Connection,
    *,
    since: datetime,
    variant_ids: Sequence[int] = (),
    shop_id: int | None = None,
    limit: int,
) -> list[PromisedLine]:
    """Lines taken since then with a promise, of these variants or of a shop, the newest first."""

    def first(kinds: Sequence[str]) -> Any:
        return func.min(case((order_events.c.kind.in_(kinds), order_events.c.at)))

    whose = (
        order_lines.c.shop_id == shop_id
        if shop_id is not None
        else order_lines.c.variant_id.in_(list(variant_ids))
    )
    rows = tx.execute(
        select(
            order_lines.c.variant_id,
            order_lines.c.promise,
            orders.c.completed_at,
            orders.c.zone,
            orders.c.country,
            first(_SHIPPED).label("shipped_at"),
            first(_CANCELLED).label("cancelled_at"),
        )
        .join(orders, orders.c.id == order_lines.c.order_id)
        .outerjoin(
            order_events,
            and_(
                order_events.c.line_id == order_lines.c.id,
                order_events.c.kind.in_([*_SHIPPED, *_CANCELLED]),
            ),
        )
        .where(
            whose,
            order_lines.c.variant_id.is_not(None),
            order_lines.c.created_at >= since,
        )
        .group_by(order_lines.c.id, orders.c.id)
        .order_by(order_lines.c.id.desc())
        .limit(limit)
    )
    return [PromisedLine(**row._mapping) for row in rows if row.promise]
