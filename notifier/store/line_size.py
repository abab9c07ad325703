"""How long is a line, and how are those in it told, without walking along all of it?"""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from notifier.domain.subscription import SubscriptionState
from notifier.store.among import each, listed
from notifier.store.tables.people import contacts, subscriptions

_WANTED = 10_000  # of those in line, where not all are read
_MOST_DRAWN = 100_000
_WAITING = subscriptions.c.state == SubscriptionState.WAITING.value


def in_line(*, product_id: int, variant_id: int) -> ColumnElement[bool]:
    """That a subscription waits for the variant, or any of its product."""
    return and_(
        subscriptions.c.product_id == product_id,
        _WAITING,
        or_(subscriptions.c.variant_id == variant_id, subscriptions.c.variant_id.is_(None)),
    )


def asked_after(place: tuple[datetime, int]) -> ColumnElement[bool]:
    """That a subscription is behind that place, in the order of asking."""
    at, id_ = place
    return or_(
        subscriptions.c.created_at > at,
        and_(subscriptions.c.created_at == at, subscriptions.c.id > id_),
    )


def is_waited_for(tx: Connection, *, product_id: int, variant_id: int) -> bool:
    """Whether anybody waits for the variant, or any of its product."""
    found = (
        select(subscriptions.c.id).where(*wish, _WAITING).limit(1)
        for wish in _wishes(product_id=product_id, variant_id=variant_id)
    )
    return any(tx.execute(query).first() for query in found)


def count_line(tx: Connection, *, product_id: int, variant_id: int) -> tuple[int, int]:
    """How many people wait in that line, and how many units they want; from indexes alone."""
    people = units = 0
    for wish in _wishes(product_id=product_id, variant_id=variant_id):
        wanted = func.coalesce(func.sum(subscriptions.c.quantity), 0)
        row = tx.execute(select(func.count(), wanted).where(*wish, _WAITING)).one()
        people, units = people + int(row[0]), units + int(row[1])
    return people, units


def units_up_to(tx: Connection, enough: int, *, product_id: int, variant_id: int) -> int:
    """How many units those in line want; some number above `enough` where they want more."""
    line = select(subscriptions.c.quantity).where(
        in_line(product_id=product_id, variant_id=variant_id)
    )
    some = line.limit(enough + 1).subquery()  # each wants one at least
    return int(tx.execute(select(func.coalesce(func.sum(some.c.quantity), 0))).scalar_one())


def languages_of(
    tx: Connection, medium: str, *, product_id: int, variant_id: int
) -> dict[str, int]:
    """How many in line are told by this medium, by language."""
    line = in_line(product_id=product_id, variant_id=variant_id)
    rows = tx.execute(_by_language(medium).where(line))
    return {locale: int(count) for locale, count in rows}


def languages_about(
    tx: Connection, medium: str, *, shop_id: int, product_id: int, variant_id: int, waiting: int
) -> dict[str, int]:
    """About the same of a line in which so many wait, for as much however many they are: some of
    the shop's numbers are drawn, always the same ones, and those who are in line stand for all."""
    in_shop = subscriptions.c.shop_id == shop_id, _WAITING
    first = tx.execute(select(func.min(subscriptions.c.id)).where(*in_shop)).scalar_one()
    last = tx.execute(select(func.max(subscriptions.c.id)).where(*in_shop)).scalar_one()
    if first is None or last is None:
        return {}
    span = last - first + 1
    drawn = min(-(-_WANTED * span // max(waiting, 1)), _MOST_DRAWN, span)
    dialect = tx.dialect.name
    some = each("drawn", dialect=dialect)
    ids = sorted(Random(0).sample(range(first, last + 1), drawn))
    rows = tx.execute(
        _by_language(medium)
        .join_from(some, subscriptions, subscriptions.c.id == some.c.value)
        .where(in_line(product_id=product_id, variant_id=variant_id)),
        {"drawn": listed(ids, dialect=dialect)},
    )
    return {locale: round(count * span / drawn) for locale, count in rows}


def _by_language(medium: str) -> Select[Any]:
    counted = select(subscriptions.c.locale, func.count()).where(subscriptions.c.medium == medium)
    return counted.group_by(subscriptions.c.locale)


def addresses_of(
    tx: Connection, medium: str, *, product_id: int, variant_id: int, among: int, limit: int
) -> list[tuple[str, str]]:
    """Address and the time zone they gave of the first who are told by this medium, of the first
    `among` in line."""
    first = (
        select(subscriptions.c.contact_id, subscriptions.c.medium)
        .where(in_line(product_id=product_id, variant_id=variant_id))
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .limit(among)
        .subquery()
    )
    rows = tx.execute(
        select(contacts.c.address, contacts.c.time_zone)
        .join(first, first.c.contact_id == contacts.c.id)
        .where(first.c.medium == medium)
        .limit(limit)
    )
    return [(address, zone) for address, zone in rows]


def _wishes(*, product_id: int, variant_id: int) -> tuple[tuple[Any, ...], ...]:
    """Those for the variant and those for any of the product: each has an index of its own."""
    return (
        (subscriptions.c.variant_id == variant_id,),
        (subscriptions.c.variant_id.is_(None), subscriptions.c.product_id == product_id),
    )
