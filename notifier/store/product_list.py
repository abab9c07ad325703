"""Which products and variants does a shop have, which of them are out, and how has stock moved?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from notifier.store.counting import count_some
from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import products, stock, stock_changes, variants
from notifier.store.tables.people import subscriptions

WAITING = ("waiting", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A variant in a list. `since`: in this availability since; None where nothing was seen."""

    id: int
    product_id: int
    product_key: str
    key: str
    sku: str
    product_title: str
    title: str
    published: bool
    product_alerts: bool
    availability: str | None
    quantity: int | None
    since: datetime | None
    seen_at: datetime | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    at: datetime
    availability: str
    quantity: int | None


def list_variants(
    tx: Connection,
    shop_id: int,
    *,
    search: str = "",
    availabilities: Sequence[str] = (),
    product_id: int | None = None,
    after: tuple[datetime, int] | int | None = None,
    by_since: bool = False,
    limit: int,
) -> list[Listed]:
    """By id, or with `by_since` those longest in their availability first; after the last seen."""
    query = _query().where(variants.c.shop_id == shop_id)
    if search:
        like = f"%{_escaped(search.lower())}%"
        query = query.where(
            or_(
                *(
                    func.lower(column).like(like, escape="\\")
                    for column in (
                        products.c.title,
                        variants.c.title,
                        variants.c.key,
                        variants.c.sku,
                        products.c.key,
                    )
                )
            )
        )
    if availabilities:
        query = query.where(stock.c.availability.in_(availabilities))
    if product_id is not None:
        query = query.where(variants.c.product_id == product_id)
    if by_since:
        query = query.order_by(stock.c.since, variants.c.id)
        if isinstance(after, tuple):
            at, id_ = after
            query = query.where(
                or_(stock.c.since > at, and_(stock.c.since == at, variants.c.id > id_))
            )
    else:
        query = query.order_by(variants.c.id)
        if isinstance(after, int):
            query = query.where(variants.c.id > after)
    return [Listed(**row._mapping) for row in tx.execute(query.limit(limit))]


def waiting_for(tx: Connection, rows: Iterable[Listed]) -> dict[int, int]:
    """How many wait for each variant, for it or for any of its product; counted up to MOST."""
    found = {}
    for row in rows:
        line = select(subscriptions.c.id).where(
            subscriptions.c.product_id == row.product_id,
            subscriptions.c.state.in_(WAITING),
            or_(subscriptions.c.variant_id == row.id, subscriptions.c.variant_id.is_(None)),
        )
        found[row.id] = count_some(tx, line)
    return found


def changes_of(
    tx: Connection, variant_id: int, *, since: datetime, limit: int = 2000
) -> list[Change]:
    """What was believed since then, the oldest first, with the last belief before it."""
    columns = columns_of(stock_changes, Change)
    of_it = select(*columns).where(stock_changes.c.variant_id == variant_id)
    before = of_it.where(stock_changes.c.at < since).order_by(stock_changes.c.at.desc()).limit(1)
    later = of_it.where(stock_changes.c.at >= since).order_by(stock_changes.c.at.desc())
    rows = [*tx.execute(later.limit(limit)), *tx.execute(before)]
    return [Change(**row._mapping) for row in reversed(rows)]


def set_alerts(tx: Connection, product_id: int, *, on: bool) -> bool:
    """Whether people may wait for a product and are told; False when that was so already."""
    done = tx.execute(
        update(products)
        .where(and_(products.c.id == product_id, products.c.alerts != on))
        .values(alerts=on)
    )
    return bool(done.rowcount)


def sold_out(tx: Connection, shop_id: int, *, limit: int) -> list[str]:
    """The keys of published products of which no variant can be bought, for sorting them last."""
    there = (
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(variants.c.product_id == products.c.id, stock.c.level > 0)
        .exists()
    )
    known = (
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(variants.c.product_id == products.c.id)
        .exists()
    )
    query = (
        select(products.c.key)
        .where(products.c.shop_id == shop_id, products.c.published, known, ~there)
        .order_by(products.c.id)
        .limit(limit)
    )
    return [str(key) for key in tx.execute(query).scalars()]


def _query() -> Any:
    return (
        select(
            variants.c.id,
            variants.c.product_id,
            products.c.key.label("product_key"),
            variants.c.key,
            variants.c.sku,
            products.c.title.label("product_title"),
            variants.c.title,
            products.c.published,
            products.c.alerts.label("product_alerts"),
            stock.c.availability,
            stock.c.quantity,
            stock.c.since,
            stock.c.seen_at,
            stock.c.source,
        )
        .join(products, products.c.id == variants.c.product_id)
        .outerjoin(stock, stock.c.variant_id == variants.c.id)
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
