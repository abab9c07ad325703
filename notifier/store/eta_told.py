"""Which dates have people been told, and who heard of one lately?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Exists, and_, exists, or_, select

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.stock import EventKind, Level
from notifier.domain.subscription import EtaNews, SubscriptionState
from notifier.store.tables.catalogue import products, stock, variants
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A date that somebody was told of a variant, or of any of its product, while a date that is
    not over is believed of the variant."""

    product_id: int
    variant_id: int
    takes_any: bool
    eta: str
    eta_days: int | None


_IS_AWAITED = (
    variants.c.alerts,
    products.c.published,
    products.c.alerts,
    stock.c.level == int(Level.NONE),
    stock.c.availability != Availability.DISCONTINUED.value,
)
_WAITS_FOR = and_(
    subscriptions.c.product_id == variants.c.product_id,
    or_(subscriptions.c.variant_id == variants.c.id, subscriptions.c.variant_id.is_(None)),
)
_WANTS_DATES = (
    or_(subscriptions.c.eta_days.is_(None), subscriptions.c.eta_days != EtaNews.NEVER.value),
    ~and_(subscriptions.c.physical_only, stock.c.availability == Availability.BACKORDER.value),
)


def _has_heard(*, since: datetime) -> Exists:
    """That a message about a date of the product was written since then, or is on its way."""
    return exists(
        select(messages.c.id)
        .join(events, events.c.id == messages.c.event_id)
        .where(
            messages.c.contact_id == subscriptions.c.contact_id,
            messages.c.kind == MessageKind.ETA_REVISED.value,
            or_(messages.c.created_at > since, messages.c.finished_at.is_(None)),
            events.c.product_id == subscriptions.c.product_id,
        )
        .correlate(subscriptions)
    )


def told_dates(
    tx: Connection,
    shop_id: int,
    *,
    today: date,
    told_before: datetime,
    heard_before: datetime,
    confirmed_before: datetime,
) -> list[Told]:
    """What people know who may hear of a date again: one row for all who know the same and
    chose the same.

    Not those to whom a message about a date of the product was written since `heard_before`, or
    is on its way.
    """
    takes_any = subscriptions.c.variant_id.is_(None).label("takes_any")
    rows = tx.execute(
        select(
            variants.c.product_id,
            variants.c.id.label("variant_id"),
            takes_any,
            subscriptions.c.eta_told.label("eta"),
            subscriptions.c.eta_days,
        )
        .select_from(stock)
        .join(variants, variants.c.id == stock.c.variant_id)
        .join(products, products.c.id == variants.c.product_id)
        .join(subscriptions, _WAITS_FOR)
        .where(
            variants.c.shop_id == shop_id,
            *_IS_AWAITED,
            stock.c.eta_latest >= today,
            subscriptions.c.state == SubscriptionState.WAITING.value,
            subscriptions.c.confirmed_at < confirmed_before,
            subscriptions.c.eta_told != "",
            or_(subscriptions.c.eta_told_at.is_(None), subscriptions.c.eta_told_at <= told_before),
            *_WANTS_DATES,
            ~_has_heard(since=heard_before),
        )
        .distinct()
        .order_by(variants.c.product_id, variants.c.id)
    )
    return [Told(**row._mapping) for row in rows]


def heard_of_dates(
    tx: Connection, *, product_id: int, contact_ids: Sequence[int], since: datetime
) -> set[int]:
    """Which of these people had a message about a date of the product written since then."""
    rows = tx.execute(
        select(messages.c.contact_id)
        .join(events, events.c.id == messages.c.event_id)
        .where(
            messages.c.contact_id.in_(list(contact_ids)),
            messages.c.kind == MessageKind.ETA_REVISED.value,
            or_(messages.c.created_at > since, messages.c.finished_at.is_(None)),
            events.c.product_id == product_id,
        )
    )
    return {row.contact_id for row in rows}


def is_undecided(tx: Connection, variant_id: int) -> bool:
    """Whether the latest new date of a variant is about to be told, is held, or was dropped."""
    state = tx.execute(
        select(events.c.state)
        .where(events.c.variant_id == variant_id, events.c.kind == EventKind.ETA_REVISED.value)
        .order_by(events.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return state in ("open", "held", "dropped")
