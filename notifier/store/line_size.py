"""How long is a line, and how are those in it told, without walking along all of it?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from notifier.domain.subscription import SubscriptionState
from notifier.store.sampled import one_in
from notifier.store.tables.people import contacts, subscriptions

_WAITING = subscriptions.c.state == SubscriptionState.WAITING.value


def in_line(*, product_id: int, variant_id: int) -> ColumnElement[bool]:
    """That a subscription waits for the variant, or any of its product."""
    return and_(
        subscriptions.c.product_id == product_id,
        _WAITING,
        or_(subscriptions.c.variant_id == variant_id, subscriptions.c.variant_id.is_(None)),
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
    tx: Connection, medium: str, *, product_id: int, variant_id: int, every: int = 1
) -> dict[str, int]:
    """How many in line are told by this medium, by language.

    `every`: one in so many is read, and stands for so many."""
    found: Counter[str] = Counter()
    for wish in _wishes(product_id=product_id, variant_id=variant_id):
        rows = tx.execute(
            select(subscriptions.c.locale, func.count())
            .where(*wish, _WAITING, one_in(every, subscriptions.c.id))
            .where(subscriptions.c.medium == medium)
            .group_by(subscriptions.c.locale)
        )
        found.update({locale: int(count) * every for locale, count in rows})
    return dict(found)


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
