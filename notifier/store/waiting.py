"""Which subscriptions need something done because time went by?

Those that are given `for_update` are locked, and none that somebody else is changing: what a
customer decides at this moment stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, false, or_, select

from notifier.domain.message import MessageKind, MessageState
from notifier.domain.stock import EventKind, Level
from notifier.domain.subscription import SubscriptionState
from notifier.store.people import SUBSCRIPTION, SubscriptionRow
from notifier.store.tables.catalogue import products, stock, variants
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events, messages, releases
from notifier.store.taken_back import MAY_WAKE


def paused_until(
    tx: Connection, *, now: datetime, limit: int, for_update: bool = False
) -> list[int]:
    query = (
        select(subscriptions.c.id)
        .where(
            subscriptions.c.state == SubscriptionState.PAUSED.value,
            subscriptions.c.paused_until <= now,
        )
        .limit(limit)
    )
    return [row.id for row in tx.execute(_free(query) if for_update else query)]


def _free(query: Select[Any]) -> Select[Any]:
    return query.with_for_update(skip_locked=True, of=subscriptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A variant that can be bought and that somebody still waits for."""

    shop_id: int
    product_id: int
    variant_id: int
    epoch: int
    quantity: int | None
    availability: str


# a message that was not sent for one of these may be written anew once the reason is over
PASSING = (*MAY_WAKE, "unpublished", "backorder_only", "subscription_paused", "other_variant")


# it waited too long for something else than its reader; what may have arrived is not told anew
_STALE = and_(messages.c.reason == "stale", messages.c.unknowns == 0)


def _served() -> Any:
    """That a message answers the subscription: one about this restock to the same person, or one
    still on its way that would answer it too."""
    about_this = and_(
        events.c.variant_id == stock.c.variant_id,
        messages.c.created_at >= stock.c.level_since,
        ~and_(
            messages.c.state == MessageState.SKIPPED.value,
            or_(messages.c.reason.in_(PASSING), _STALE),
        ),
    )
    under_way = and_(
        events.c.product_id == variants.c.product_id,
        messages.c.finished_at.is_(None),
        or_(subscriptions.c.variant_id.is_(None), events.c.variant_id == stock.c.variant_id),
    )
    return exists(
        select(messages.c.id)
        .join(events, events.c.id == messages.c.event_id)
        .where(
            messages.c.contact_id == subscriptions.c.contact_id,
            messages.c.kind == MessageKind.BACK_IN_STOCK.value,
            or_(about_this, under_way),
        )
        .correlate(stock, variants, subscriptions)
    )


def _is_being_told() -> Any:
    """That a release of this restock goes along the line of the variant."""
    return exists(
        select(releases.c.id)
        .where(
            releases.c.variant_id == stock.c.variant_id,
            releases.c.kind == EventKind.BACK_IN_STOCK.value,
            releases.c.state == "running",
        )
        .correlate(stock)
    )


def _undecided() -> Any:
    """That its restock is about to be told, is held for a person's word, or was dropped by it."""
    return exists(
        select(events.c.id)
        .where(
            events.c.variant_id == stock.c.variant_id,
            events.c.kind == EventKind.BACK_IN_STOCK.value,
            events.c.epoch == stock.c.epoch,
            events.c.state.in_(("open", "held", "dropped")),
        )
        .correlate(stock)
    )


def waiting_for_what_is_there(tx: Connection, *, before: datetime, limit: int) -> list[There]:
    """Announced variants that are there since before then, with people still waiting whom no
    message concerns. Not what is being told or about to be, is held for a person's word, or was
    dropped by it."""
    unserved = exists(
        select(subscriptions.c.id)
        .where(
            subscriptions.c.product_id == variants.c.product_id,
            or_(
                subscriptions.c.variant_id == variants.c.id,
                subscriptions.c.variant_id.is_(None),
            ),
            subscriptions.c.state == SubscriptionState.WAITING.value,
            subscriptions.c.confirmed_at < before,
            ~and_(subscriptions.c.physical_only, stock.c.level == int(Level.ORDERABLE)),
            ~_served(),
        )
        .correlate(stock, variants)
    )
    rows = tx.execute(
        select(
            variants.c.shop_id,
            variants.c.product_id,
            stock.c.variant_id,
            stock.c.epoch,
            stock.c.quantity,
            stock.c.availability,
        )
        .join(variants, variants.c.id == stock.c.variant_id)
        .join(products, products.c.id == variants.c.product_id)
        .where(
            stock.c.level > int(Level.NONE),
            stock.c.announced_epoch == stock.c.epoch,
            stock.c.level_since < before,
            products.c.published,
            products.c.alerts,
            variants.c.alerts,
            ~_undecided(),
            case((_is_being_told(), false()), else_=unserved),  # nobody walks along that line
        )
        .limit(limit)
    )
    return [There(**row._mapping) for row in rows]


def expired(tx: Connection, *, shop_id: int, now: datetime, limit: int) -> list[SubscriptionRow]:
    """Locked, as with `for_update`."""
    query = (
        select(*SUBSCRIPTION)
        .where(
            subscriptions.c.shop_id == shop_id,
            subscriptions.c.state == SubscriptionState.WAITING.value,
            subscriptions.c.expires_at <= now,
        )
        .order_by(subscriptions.c.expires_at)
        .limit(limit)
    )
    return [SubscriptionRow(**row._mapping) for row in tx.execute(_free(query))]


def told_and_not_seen(
    tx: Connection, *, shop_id: int, told_before: datetime, told_after: datetime, limit: int
) -> list[SubscriptionRow]:
    """Who was told within these times, did not follow the link, and could buy now what they waited
    for: the variant, or any of the product. Locked, as with `for_update`."""
    there = exists(
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            variants.c.product_id == subscriptions.c.product_id,
            or_(subscriptions.c.variant_id.is_(None), variants.c.id == subscriptions.c.variant_id),
            stock.c.level > int(Level.NONE),
            ~and_(subscriptions.c.physical_only, stock.c.level == int(Level.ORDERABLE)),
        )
        .correlate(subscriptions)
    )
    query = (
        select(*SUBSCRIPTION)
        .where(
            subscriptions.c.shop_id == shop_id,
            subscriptions.c.state == SubscriptionState.TOLD.value,
            subscriptions.c.told_at <= told_before,
            subscriptions.c.told_at > told_after,
            subscriptions.c.clicked_at.is_(None),
            subscriptions.c.reminded_at.is_(None),
            there,
        )
        .limit(limit)
    )
    return [SubscriptionRow(**row._mapping) for row in tx.execute(_free(query))]


def purge_ids(tx: Connection, *, states: Sequence[str], before: datetime, limit: int) -> list[int]:
    """Subscriptions in these states whose last change is older than `before`. Locked, as with
    `for_update`."""
    if SubscriptionState.UNCONFIRMED.value in states:
        is_old = subscriptions.c.asked_at < before
    else:
        told = and_(subscriptions.c.ended_at.is_(None), subscriptions.c.told_at < before)
        is_old = or_(subscriptions.c.ended_at < before, told)
    query = select(subscriptions.c.id).where(subscriptions.c.state.in_(list(states)), is_old)
    return list(tx.execute(_free(query.limit(limit))).scalars())
