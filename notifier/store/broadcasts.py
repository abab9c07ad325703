"""Who would a message to all who wait for something reach, and when was the last one?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from notifier.domain.stock import EventKind
from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.catalogue import products
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events, releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """How many people read one language by one medium."""

    locale: str
    medium: str
    people: int


def hold(tx: Connection, product_id: int) -> None:
    """Nobody else sends one about the product before the commit."""
    one = select(products.c.id).where(products.c.id == product_id)
    tx.execute(one.with_for_update(key_share=True))


def readers(tx: Connection, *, product_id: int, variant_id: int | None) -> list[Readers]:
    """Those waiting for the variant (None: anything of the product), the largest group first."""
    people = func.count(subscriptions.c.contact_id.distinct())
    rows = tx.execute(
        select(subscriptions.c.locale, subscriptions.c.medium, people.label("people"))
        .where(_waits(product_id, variant_id))
        .group_by(subscriptions.c.locale, subscriptions.c.medium)
        .order_by(people.desc(), subscriptions.c.locale, subscriptions.c.medium)
    )
    return [Readers(**row._mapping) for row in rows]


def count_people(tx: Connection, *, product_id: int, variant_id: int | None) -> int:
    """How many people that is, each counted once."""
    query = select(func.count(subscriptions.c.contact_id.distinct()))
    return int(tx.execute(query.where(_waits(product_id, variant_id))).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A message to all who wait for a product, and its release."""

    release_id: int
    at: datetime
    told: int


def last_one(tx: Connection, product_id: int) -> Earlier | None:
    """The last such message about a product."""
    row = tx.execute(
        select(releases.c.id, releases.c.started_at, releases.c.told)
        .where(
            releases.c.product_id == product_id,
            releases.c.kind == EventKind.BROADCAST.value,
        )
        .order_by(releases.c.id.desc())
        .limit(1)
    ).one_or_none()
    return Earlier(release_id=row.id, at=row.started_at, told=row.told) if row else None


def release_of(tx: Connection, *, variant_id: int, sequence: str) -> int | None:
    """The release of the one that was sent with this token, if it was."""
    return tx.execute(
        select(releases.c.id)
        .join(events, events.c.id == releases.c.event_id)
        .where(
            events.c.variant_id == variant_id,
            events.c.kind == EventKind.BROADCAST.value,
            events.c.sequence == sequence,
        )
    ).scalar_one_or_none()


def _waits(product_id: int, variant_id: int | None) -> ColumnElement[bool]:
    where = [
        subscriptions.c.product_id == product_id,
        subscriptions.c.state == SubscriptionState.WAITING.value,
    ]
    if variant_id is not None:
        of_variant = subscriptions.c.variant_id == variant_id
        where.append(or_(of_variant, subscriptions.c.variant_id.is_(None)))
    return and_(*where)
