"""What came of a shop's releases: who looked, who bought, when the first and the last was told?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, case, distinct, func, select

from notifier.store.tables.catalogue import products, variants
from notifier.store.tables.releasing import purchases
from notifier.store.tables.telling import clicks, events, messages, releases, waves

RESTOCK = "back_in_stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release of a restock. `seen_at`: when the restock was seen."""

    id: int
    variant_id: int
    title: str
    variant_title: str
    price: Decimal | None
    currency: str
    told: int
    seen_at: datetime
    started_at: datetime
    finished_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What was bought after it. `clicked`: by people who had followed our link; the rest had been
    told and came another way."""

    clicked_orders: int
    clicked_units: int
    other_orders: int
    other_units: int


def latest_releases(
    tx: Connection, shop_id: int, *, since: datetime, limit: int
) -> list[ReleaseRow]:
    """Releases of restocks begun since then, the newest first."""
    query = (
        select(
            releases.c.id,
            releases.c.variant_id,
            products.c.title,
            variants.c.title.label("variant_title"),
            variants.c.price,
            variants.c.currency,
            releases.c.told,
            events.c.at.label("seen_at"),
            releases.c.started_at,
            releases.c.finished_at,
            releases.c.state,
        )
        .join(events, events.c.id == releases.c.event_id)
        .join(variants, variants.c.id == releases.c.variant_id)
        .join(products, products.c.id == releases.c.product_id)
        .where(
            releases.c.shop_id == shop_id,
            releases.c.kind == RESTOCK,
            releases.c.started_at >= since,
        )
        .order_by(releases.c.id.desc())
        .limit(limit)
    )
    return [ReleaseRow(**row._mapping) for row in tx.execute(query)]


def clicked_of(tx: Connection, release_ids: Sequence[int]) -> dict[int, int]:
    """How many people followed the link, for each release."""
    query = (
        select(messages.c.release_id, func.count(distinct(messages.c.id)))
        .select_from(clicks)
        .join(messages, messages.c.id == clicks.c.message_id)
        .where(messages.c.release_id.in_(release_ids))
        .group_by(messages.c.release_id)
    )
    return {int(id_): int(count) for id_, count in tx.execute(query)}


def bought_of(tx: Connection, release_ids: Sequence[int]) -> dict[int, Bought]:
    """What was bought by people who had been told, for each release."""
    has_clicked = select(clicks.c.id).where(clicks.c.message_id == purchases.c.message_id).exists()
    clicked = case((has_clicked, 1), else_=0)
    query = (
        select(
            purchases.c.release_id,
            func.sum(clicked),
            func.sum(clicked * purchases.c.units),
            func.count(),
            func.sum(purchases.c.units),
        )
        .where(purchases.c.release_id.in_(release_ids), purchases.c.told)
        .group_by(purchases.c.release_id)
    )
    return {
        int(id_): Bought(
            clicked_orders=int(by_link),
            clicked_units=int(units_by_link),
            other_orders=int(orders) - int(by_link),
            other_units=int(units) - int(units_by_link),
        )
        for id_, by_link, units_by_link, orders, units in tx.execute(query)
    }


def waves_span(tx: Connection, release_ids: Sequence[int]) -> dict[int, tuple[datetime, datetime]]:
    """When the first and the last wave of each began."""
    query = (
        select(waves.c.release_id, func.min(waves.c.at), func.max(waves.c.at))
        .where(waves.c.release_id.in_(release_ids))
        .group_by(waves.c.release_id)
    )
    return {int(id_): (first, last) for id_, first, last in tx.execute(query)}
