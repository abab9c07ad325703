"""What does a shop know of its customers from its earlier releases?"""

from __future__ import annotations

from dataclasses import replace

from notifier.domain.adaptive_state import ShopHistory, learn
from notifier.services.env import ShopRef
from notifier.store import lessons
from notifier.store.session import Transaction

LATEST = 20  # older ones would count for next to nothing


def history_of(tx: Transaction, shop: ShopRef, *, variant_id: int, besides: int) -> ShopHistory:
    """What the shop's releases taught; how many units come is taken from the variant's own, where
    there are any."""
    known = ShopHistory()
    for row in lessons.lessons_of(tx, shop.id, besides=besides, limit=LATEST):
        known = learn(known, row.lesson)
    own = ShopHistory()
    for row in lessons.lessons_of(
        tx, shop.id, besides=besides, variant_id=variant_id, limit=LATEST
    ):
        own = learn(own, row.lesson)
    return known if own.usual_stock is None else replace(known, usual_stock=own.usual_stock)
