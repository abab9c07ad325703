"""What do a shop's customers wait for most?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, or_, select

from notifier.store.tables.catalogue import products, stock, variants
from notifier.store.tables.people import subscriptions

_WAITING = ("waiting", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One variant, or (`variant` None) any of a product. New: confirmed sign-ups of these days."""

    target: str
    product: str
    variant: str | None
    sku: str
    title: str
    variant_title: str
    published: bool
    availability: str | None
    people: int
    units: int
    unconfirmed: int
    new_7_days: int
    new_30_days: int
    new_90_days: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of the list ended."""

    people: int
    target: str


def most_wanted(
    tx: Connection,
    shop_id: int,
    *,
    now: datetime,
    product: str = "",
    variant: str = "",
    after: Place | None = None,
    limit: int,
) -> list[Wanted]:
    """Most people first. What the catalogue has lost is listed as long as somebody waits for it."""
    one = subscriptions.c
    waits = one.state.in_(_WAITING)
    people = func.count(distinct(case((waits, one.contact_id))))

    def count_new(days: int) -> Any:
        recent = and_(one.confirmed_at.is_not(None), one.created_at >= now - timedelta(days=days))
        return func.coalesce(func.sum(case((recent, 1), else_=0)), 0)

    query = (
        select(
            one.target,
            func.max(products.c.key).label("product"),
            func.max(variants.c.key).label("variant"),
            func.coalesce(func.max(variants.c.sku), "").label("sku"),
            func.max(products.c.title).label("title"),
            func.coalesce(func.max(variants.c.title), "").label("variant_title"),
            func.max(case((products.c.published, 1), else_=0)).label("published"),
            func.max(stock.c.availability).label("availability"),
            people.label("people"),
            func.coalesce(func.sum(case((waits, one.quantity), else_=0)), 0).label("units"),
            func.sum(case((one.state == "unconfirmed", 1), else_=0)).label("unconfirmed"),
            count_new(7).label("new_7_days"),
            count_new(30).label("new_30_days"),
            count_new(90).label("new_90_days"),
            func.min(case((waits, one.created_at))).label("waiting_since"),
        )
        .join(products, products.c.id == one.product_id)
        .outerjoin(variants, variants.c.id == one.variant_id)
        .outerjoin(stock, stock.c.variant_id == one.variant_id)
        .where(one.shop_id == shop_id, *_of(product, variant))
        .group_by(one.target)
        .order_by(people.desc(), one.target)
        .limit(limit)
    )
    query = query.having(or_(people > 0, count_new(90) > 0))
    if after is not None:
        query = query.having(
            or_(people < after.people, and_(people == after.people, one.target > after.target))
        )
    return [_wanted(row._mapping) for row in tx.execute(query)]


def _wanted(row: Any) -> Wanted:
    values = dict(row)
    values["published"] = bool(values["published"])
    for name in ("units", "unconfirmed", "new_7_days", "new_30_days", "new_90_days"):
        values[name] = int(values[name])
    return Wanted(**values)


def _of(product: str, variant: str) -> Sequence[ColumnElement[bool]]:
    wanted = []
    if product:
        wanted.append(products.c.key == product)
    if variant:
        wanted.append(variants.c.key == variant)
    return wanted


def new_by_day(
    tx: Connection, shop_id: int, *, since: datetime, product: str = "", variant: str = ""
) -> dict[date, int]:
    """Confirmed sign-ups by the day (UTC) on which they were made; days without any are absent."""
    one = subscriptions.c
    day = func.date(one.created_at)  # sessions run in UTC on both databases
    rows = tx.execute(
        select(day.label("day"), func.count().label("count"))
        .select_from(subscriptions)
        .join(products, products.c.id == one.product_id)
        .outerjoin(variants, variants.c.id == one.variant_id)
        .where(
            one.shop_id == shop_id,
            one.confirmed_at.is_not(None),
            one.created_at >= since,
            *_of(product, variant),
        )
        .group_by(day)
    )
    return {
        day if isinstance(day, date) else date.fromisoformat(str(day)): int(count)
        for day, count in rows
    }
