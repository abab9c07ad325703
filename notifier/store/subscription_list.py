"""Who is on a shop's list, a page at a time?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from notifier.store.tables.catalogue import products, variants
from notifier.store.tables.people import contacts, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Empty: any. `address_hash` finds one address exactly."""

    product: str = ""
    variant: str = ""
    state: str = ""
    medium: str = ""
    address_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`variant` None: any variant of the product. `address` is empty after an erasure; titles are
    where the shop gave none."""

    id: int
    product: str
    product_title: str
    variant: str | None
    variant_title: str
    medium: str
    address: str
    state: str
    ended_reason: str
    reason: str
    quantity: int
    locale: str
    origin: str
    physical_only: bool
    accepts_marketing: bool
    created_at: datetime
    confirmed_at: datetime | None
    told_at: datetime | None
    paused_until: datetime | None
    ended_at: datetime | None
    expires_at: datetime


_OTHERS = {"product", "product_title", "variant", "variant_title", "address"}
_OWN = set(Listed.__slots__) - _OTHERS


def list_subscriptions(
    tx: Connection, shop_id: int, *, where: Filter, after: int, limit: int
) -> list[Listed]:
    """Those with a greater id than `after`, in the order of their ids."""
    query = (
        select(
            *[subscriptions.c[name] for name in sorted(_OWN)],
            products.c.key.label("product"),
            products.c.title.label("product_title"),
            variants.c.key.label("variant"),
            func.coalesce(variants.c.title, "").label("variant_title"),
            contacts.c.address,
        )
        .join(products, products.c.id == subscriptions.c.product_id)
        .join(contacts, contacts.c.id == subscriptions.c.contact_id)
        .outerjoin(variants, variants.c.id == subscriptions.c.variant_id)
        .where(subscriptions.c.shop_id == shop_id, subscriptions.c.id > after)
        .order_by(subscriptions.c.id)
        .limit(limit)
    )
    # by the shop's own key, so that the few of one product are found without reading all
    if where.product:
        query = query.where(products.c.shop_id == shop_id)
    if where.variant:
        query = query.where(variants.c.shop_id == shop_id)
    for column, wanted in (
        (products.c.key, where.product),
        (variants.c.key, where.variant),
        (subscriptions.c.state, where.state),
        (subscriptions.c.medium, where.medium),
        (contacts.c.address_hash, where.address_hash),
    ):
        if wanted:
            query = query.where(column == wanted)
    return [Listed(**row._mapping) for row in tx.execute(query)]
