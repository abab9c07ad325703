"""Which variants can be ordered before they are out, since when, until when, and with what?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import stock, variants
from notifier.store.tables.orders import preorders
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class PreorderRow:
    """A pre-order. `incentive`: {code, text} for those who order before it is out."""

    variant_id: int
    opens_at: datetime | None
    opened_at: datetime | None
    release_on: date | None
    released_at: datetime | None
    incentive: dict[str, Any] | None
    source: str
    actor: str
    changed_at: datetime


_ROW = columns_of(preorders, PreorderRow)


def find_preorder(tx: Connection, variant_id: int) -> PreorderRow | None:
    return load_preorders(tx, [variant_id]).get(variant_id)


def load_preorders(tx: Connection, variant_ids: Iterable[int]) -> dict[int, PreorderRow]:
    """By variant id; variants without a pre-order are absent."""
    rows = tx.execute(select(*_ROW).where(preorders.c.variant_id.in_(list(set(variant_ids)))))
    return {row.variant_id: PreorderRow(**row._mapping) for row in rows}


def put_preorder(tx: Connection, variant_id: int, **values: Any) -> None:
    """A new pre-order, or these values over the one that there is."""
    done = tx.execute(
        update(preorders).where(preorders.c.variant_id == variant_id).values(**values)
    )
    if not done.rowcount:
        statement = insert_or(tx, preorders).values(variant_id=variant_id, **values)
        tx.execute(statement.on_conflict_do_update(index_elements=["variant_id"], set_=values))


def mark_opened(tx: Connection, variant_id: int, *, at: datetime) -> bool:
    """False when it was opened before: it is told once."""
    done = tx.execute(
        update(preorders)
        .where(preorders.c.variant_id == variant_id, preorders.c.opened_at.is_(None))
        .values(opened_at=at)
    )
    return bool(done.rowcount)


def mark_released(
    tx: Connection, variant_id: int, *, at: datetime, although_closed: bool = False
) -> None:
    """It can be bought: the pre-order that was open is over; `although_closed`: or one planned."""
    query = update(preorders).where(
        preorders.c.variant_id == variant_id, preorders.c.released_at.is_(None)
    )
    if not although_closed:
        query = query.where(preorders.c.opened_at.is_not(None))
    tx.execute(query.values(released_at=at))


def due_to_open(tx: Connection, *, now: datetime, after: int, limit: int) -> list[int]:
    """Variants whose pre-order should be open by now and is not, by id."""
    rows = tx.execute(
        select(preorders.c.variant_id)
        .where(
            preorders.c.variant_id > after,
            preorders.c.opens_at <= now,
            preorders.c.opened_at.is_(None),
            preorders.c.released_at.is_(None),
        )
        .order_by(preorders.c.variant_id)
        .limit(limit)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A pre-order with the variant it is about."""

    variant: str
    availability: str
    row: PreorderRow


def list_preorders(
    tx: Connection, shop_id: int, *, variant: str = "", after: int, limit: int
) -> list[Listed]:
    """The pre-orders of a shop, by variant id; `variant` (key or sku) for those of one."""
    query = (
        select(variants.c.key, stock.c.availability, *_ROW)
        .join(variants, variants.c.id == preorders.c.variant_id)
        .outerjoin(stock, stock.c.variant_id == preorders.c.variant_id)
        .where(variants.c.shop_id == shop_id, preorders.c.variant_id > after)
        .order_by(preorders.c.variant_id)
        .limit(limit)
    )
    if variant:
        query = query.where(or_(variants.c.key == variant, variants.c.sku == variant))
    return [
        Listed(
            variant=row.key,
            availability=row.availability or "unknown",
            row=PreorderRow(**{name: getattr(row, name) for name in PreorderRow.__slots__}),
        )
        for row in tx.execute(query)
    ]
