"""How is the demand of a large shop counted once, and read many times?

To count a million subscriptions takes a second or two; a page may take a fifth of one. So a job
counts now and then and keeps the result, and pages say how old it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import products, stock, variants
from notifier.store.tables.demand import demand_counts, demand_rows
from notifier.store.tables.people import subscriptions

SMALL = 20_000  # subscriptions that are counted while somebody waits for the page
CHUNK = 2_000
WAITING = ("waiting", "paused")
SORTS = ("people", "units", "money", "new_30_days", "waiting_since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One counting. `at`: as of when. `new_by_day`: confirmed sign-ups by day (ISO, UTC)."""

    id: int
    at: datetime
    took_ms: int
    new_by_day: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One variant or (`variant_id` None) any of a product; `place` among all, by people."""

    place: int
    target: str
    product_id: int
    variant_id: int | None
    people: int
    units: int
    unconfirmed: int
    new_7_days: int
    new_30_days: int
    new_90_days: int
    waiting_since: datetime | None
    money: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a tally is about."""

    product: str
    title: str
    published: bool
    variant: str | None
    variant_title: str
    sku: str
    availability: str | None
    currency: str


def is_large(tx: Connection, shop_id: int) -> bool:
    """Does this shop have more subscriptions than are counted at once?"""
    some = (
        select(subscriptions.c.id)
        .where(subscriptions.c.shop_id == shop_id)
        .limit(SMALL + 1)
        .subquery()
    )
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one()) > SMALL


def tally(tx: Connection, shop_id: int, *, now: datetime) -> Iterator[Tally]:
    """Counts all of it, most people first."""
    one = subscriptions.c
    waits = one.state.in_(WAITING)
    people = func.sum(case((waits, 1), else_=0))
    units = func.sum(case((waits, one.quantity), else_=0))

    def new(days: int) -> Any:
        recent = and_(one.confirmed_at.is_not(None), one.created_at >= now - timedelta(days=days))
        return func.sum(case((recent, 1), else_=0))

    counted = (
        select(
            one.target,
            func.min(one.product_id).label("product_id"),
            func.min(one.variant_id).label("variant_id"),
            people.label("people"),
            units.label("units"),
            func.sum(case((one.state == "unconfirmed", 1), else_=0)).label("unconfirmed"),
            new(7).label("new_7_days"),
            new(30).label("new_30_days"),
            new(90).label("new_90_days"),
            func.min(case((waits, one.created_at))).label("waiting_since"),
        )
        .where(one.shop_id == shop_id)
        .group_by(one.target)
        .having(or_(people > 0, new(90) > 0))
        .subquery()
    )
    query = (
        select(counted, variants.c.price)
        .outerjoin(variants, variants.c.id == counted.c.variant_id)
        .order_by(counted.c.people.desc(), counted.c.target)
    )
    for place, row in enumerate(tx.execute(query), 1):
        price = row.price
        yield Tally(
            place=place,
            target=row.target,
            product_id=int(row.product_id),
            variant_id=row.variant_id,
            people=int(row.people),
            units=int(row.units),
            unconfirmed=int(row.unconfirmed),
            new_7_days=int(row.new_7_days),
            new_30_days=int(row.new_30_days),
            new_90_days=int(row.new_90_days),
            waiting_since=row.waiting_since,
            money=None if price is None else (price * int(row.units)).quantize(Decimal("0.01")),
        )


def latest_count(tx: Connection, shop_id: int) -> Count | None:
    query = (
        select(*columns_of(demand_counts, Count))
        .where(demand_counts.c.shop_id == shop_id, demand_counts.c.whole)
        .order_by(demand_counts.c.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return Count(**row._mapping) if row else None


def begin_count(tx: Connection, shop_id: int, *, at: datetime) -> int:
    made = tx.execute(
        insert(demand_counts).values(shop_id=shop_id, at=at).returning(demand_counts.c.id)
    )
    return int(made.scalar_one())


def add_rows(tx: Connection, count_id: int, rows: Sequence[Tally]) -> None:
    names = Tally.__slots__
    values = [{"count_id": count_id, **{n: getattr(row, n) for n in names}} for row in rows]
    tx.execute(insert(demand_rows), values)


def end_count(
    tx: Connection, count_id: int, *, took_ms: int, new_by_day: Mapping[date, int]
) -> None:
    tx.execute(
        update(demand_counts)
        .where(demand_counts.c.id == count_id)
        .values(
            whole=True,
            took_ms=took_ms,
            new_by_day={day.isoformat(): count for day, count in new_by_day.items()},
        )
    )


def old_counts(tx: Connection, shop_id: int, *, newer_than: int) -> list[int]:
    """Earlier countings of a shop, whole or broken off."""
    query = select(demand_counts.c.id).where(
        demand_counts.c.shop_id == shop_id, demand_counts.c.id < newer_than
    )
    return list(tx.execute(query).scalars())


def drop_some(tx: Connection, count_id: int) -> int:
    """Some rows of an old counting, then itself; how many rows went."""
    some = select(demand_rows.c.place).where(demand_rows.c.count_id == count_id).limit(CHUNK)
    places = list(tx.execute(some).scalars())
    if places:
        tx.execute(
            delete(demand_rows).where(
                demand_rows.c.count_id == count_id, demand_rows.c.place.in_(places)
            )
        )
        return len(places)
    tx.execute(delete(demand_counts).where(demand_counts.c.id == count_id))
    return 0


def kept(
    tx: Connection, count_id: int, *, sort: str, after: tuple[Any, int] | None, limit: int
) -> list[Tally]:
    """Rows of a counting in an order of SORTS; from `after` (value and place of the last) on."""
    columns = demand_rows.c
    query = select(*[columns[name] for name in Tally.__slots__]).where(columns.count_id == count_id)
    column = columns[sort]
    if sort == "people":
        query = query.order_by(columns.place)
        if after is not None:
            query = query.where(columns.place > after[1])
    else:
        up = sort == "waiting_since"
        query = query.where(column.is_not(None)).order_by(
            column.asc() if up else column.desc(), columns.place
        )
        if after is not None:
            beyond = column > after[0] if up else column < after[0]
            query = query.where(or_(beyond, and_(column == after[0], columns.place > after[1])))
    return [Tally(**row._mapping) for row in tx.execute(query.limit(limit))]


def people_of(tx: Connection, count_id: int, product_ids: Iterable[int]) -> dict[str, int]:
    """How many waited for what of these products, by target (`v7`, `p3`)."""
    query = select(demand_rows.c.target, demand_rows.c.people).where(
        demand_rows.c.count_id == count_id, demand_rows.c.product_id.in_(set(product_ids))
    )
    return {str(target): int(people) for target, people in tx.execute(query)}


def name_all(tx: Connection, rows: Sequence[Tally]) -> dict[str, Named]:
    """What each is about, by target."""
    of_products = {
        row.id: row
        for row in tx.execute(
            select(products.c.id, products.c.key, products.c.title, products.c.published).where(
                products.c.id.in_({one.product_id for one in rows})
            )
        )
    }
    of_variants = {
        row.id: row
        for row in tx.execute(
            select(
                variants.c.id,
                variants.c.key,
                variants.c.title,
                variants.c.sku,
                variants.c.currency,
                stock.c.availability,
            )
            .outerjoin(stock, stock.c.variant_id == variants.c.id)
            .where(variants.c.id.in_({one.variant_id for one in rows if one.variant_id}))
        )
    }
    found = {}
    for one in rows:
        product = of_products[one.product_id]
        variant = of_variants.get(one.variant_id or 0)
        found[one.target] = Named(
            product=product.key,
            title=product.title,
            published=bool(product.published),
            variant=variant.key if variant else None,
            variant_title=variant.title if variant else "",
            sku=variant.sku if variant else "",
            availability=variant.availability if variant else None,
            currency=variant.currency if variant else "",
        )
    return found
