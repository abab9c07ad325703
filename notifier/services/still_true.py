"""Is what a message tells still so, and still what the person waits for?

Of messages about stock and dates; of those about order lines: services/order_sent.py.
"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.availability import Availability
from notifier.domain.broadcast import is_to_all_of_product
from notifier.domain.message import MessageKind
from notifier.domain.stock import Level, Stock
from notifier.domain.subscription import EtaNews
from notifier.services.compose import Batch
from notifier.store.addressed import Wish
from notifier.store.catalogue import VariantRow
from notifier.store.taken_back import STOCK_GONE


def why_not_about(
    kind: MessageKind, event_id: int | None, subscription: Wish, batch: Batch, *, now: datetime
) -> str:
    """The reason not to tell it; empty when there is none."""
    event = batch.events.get(event_id or 0)
    if event is None and kind is MessageKind.REMINDER:
        return _why_not_remind(subscription, batch)
    if event is None:
        return "deleted" if event_id else ""
    if kind is MessageKind.BROADCAST and is_to_all_of_product(event.facts):
        return ""
    if subscription.variant_id not in (None, event.variant_id):
        return "other_variant"
    variant = batch.variants.get(event.variant_id)
    belief = batch.stock.get(event.variant_id)
    if belief is None or variant is None:
        return "product_deleted"
    if kind is MessageKind.BACK_IN_STOCK:
        if not variant.may_be_asked_for:
            return "unpublished"
        if belief.level is Level.NONE:
            return STOCK_GONE
        if subscription.physical_only and belief.availability is Availability.BACKORDER:
            return "backorder_only"
    if kind is MessageKind.ETA_REVISED:
        if subscription.eta_days == EtaNews.NEVER:
            return "no_dates_wanted"
        eta = belief.eta.iso() if belief.eta else None
        if eta != event.facts.get("eta") or belief.level > Level.NONE:
            return "superseded"
        if belief.eta is not None and belief.eta.is_past(now.date()):
            return "date_over"
    if kind is MessageKind.PREORDER_OPEN:
        return _why_not_ahead(variant, belief)
    if kind is MessageKind.DISCONTINUED and belief.availability is not Availability.DISCONTINUED:
        return "superseded"
    return ""


def _why_not_ahead(variant: VariantRow, belief: Stock) -> str:
    """It can be bought by now, or no orders are taken for it ahead."""
    if not variant.may_be_asked_for:
        return "unpublished"
    gone = belief.availability is Availability.DISCONTINUED
    if gone or belief.level > Level.NONE:
        return "superseded"
    stopped = variant.orders_stopped and belief.availability is Availability.PREORDER
    return "orders_stopped" if stopped else ""


def _why_not_remind(subscription: Wish, batch: Batch) -> str:
    """A reminder of what is sold out by now would be a false promise."""
    siblings = batch.by_product.get(subscription.product_id, [])
    wanted = [one for one in siblings if subscription.variant_id in (None, one.id)]
    there = [
        one
        for one in wanted
        if one.id in batch.stock
        and batch.stock[one.id].level >= Level.wanted(physical_only=subscription.physical_only)
    ]
    if not there:
        return STOCK_GONE
    return "" if any(one.may_be_asked_for for one in there) else "unpublished"
