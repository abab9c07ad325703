"""Does anybody wait for what a shop's sources tell, and is something they wait for due?

Both stop at the first hit: they are asked at every look, however many people wait.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, exists, or_, select

from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.catalogue import products, stock, variants
from notifier.store.tables.people import subscriptions

_WAITING = subscriptions.c.state == SubscriptionState.WAITING.value


def is_waited_for(tx: Connection, shop_id: int) -> bool:
    """Whether somebody waits for something of the shop."""
    line = exists(
        select(subscriptions.c.id)
        .where(subscriptions.c.product_id == products.c.id, _WAITING)
        .correlate(products)
    )
    found = tx.execute(select(products.c.id).where(products.c.shop_id == shop_id, line).limit(1))
    return found.first() is not None


def is_eta_waited_for(tx: Connection, shop_id: int, *, begins_by: date, ends_from: date) -> bool:
    """Whether somebody waits for a variant, or any of its product, whose ETA begins by the one day
    and does not end before the other."""
    line = exists(
        select(subscriptions.c.id)
        .where(
            subscriptions.c.product_id == variants.c.product_id,
            _WAITING,
            or_(subscriptions.c.variant_id.is_(None), subscriptions.c.variant_id == variants.c.id),
        )
        .correlate(variants)
    )
    found = tx.execute(
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            stock.c.eta_earliest <= begins_by,
            stock.c.eta_latest >= ends_from,
            variants.c.shop_id == shop_id,
            line,
        )
        .limit(1)
    )
    return found.first() is not None
