"""What exactly does a hold keep back, and whom would it reach?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.catalogue import products, variants
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldVariant:
    """A variant whose news is held, and how many people wait for it."""

    key: str
    product_title: str
    variant_title: str
    waiting: int


def held_variants(tx: Connection, hold_id: int, *, limit: int) -> list[HeldVariant]:
    """A sample, most waited for first."""
    waiting = (
        select(func.count())
        .select_from(subscriptions)
        .where(
            subscriptions.c.product_id == variants.c.product_id,
            or_(subscriptions.c.variant_id == variants.c.id, subscriptions.c.variant_id.is_(None)),
            subscriptions.c.state == SubscriptionState.WAITING.value,
        )
        .correlate(variants)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(
            variants.c.key,
            products.c.title.label("product_title"),
            variants.c.title.label("variant_title"),
            waiting.label("waiting"),
        )
        .select_from(events)
        .join(variants, variants.c.id == events.c.variant_id)
        .join(products, products.c.id == variants.c.product_id)
        .where(events.c.hold_id == hold_id)
        .order_by(waiting.desc(), variants.c.id)
        .limit(limit)
    )
    return [HeldVariant(**row._mapping) for row in rows]


def count_held(tx: Connection, hold_id: int) -> tuple[int, int]:
    """How many events are held still, and how many people wait for what they are about."""
    held = (events.c.hold_id == hold_id, events.c.state == "held")
    count = tx.execute(select(func.count()).select_from(events).where(*held)).scalar_one()
    people = tx.execute(
        select(func.count(subscriptions.c.id.distinct()))
        .select_from(events)
        .join(
            subscriptions,
            (subscriptions.c.product_id == events.c.product_id)
            & or_(
                subscriptions.c.variant_id == events.c.variant_id,
                subscriptions.c.variant_id.is_(None),
            ),
        )
        .where(*held, subscriptions.c.state == SubscriptionState.WAITING.value)
    ).scalar_one()
    return int(count), int(people)
