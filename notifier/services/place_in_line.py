"""About how many wait in front of somebody, where the shop wants that said?"""

from __future__ import annotations

from notifier.domain.place_in_line import range_of
from notifier.domain.subscription import SubscriptionState
from notifier.i18n import section
from notifier.services.env import Env, ShopRef
from notifier.services.line_up import LOTTERY
from notifier.store import line_order
from notifier.store.people import SubscriptionRow


def place_words(env: Env, shop: ShopRef, row: SubscriptionRow, locale: str) -> str:
    """A sentence; empty where the shop does not want it, or there is no one line to stand in."""
    rules = shop.config.release
    waits = row.state == SubscriptionState.WAITING
    if not rules.show_position or not waits or row.variant_id is None:
        return ""
    words = section(locale, "page")
    if rules.order == LOTTERY:
        return words["place_by_lot"]
    with env.db.read() as tx:
        ahead = line_order.count_ahead(
            tx,
            product_id=row.product_id,
            variant_id=row.variant_id,
            before=(row.created_at, row.id),
        )
    low, high = range_of(ahead)
    if high is None:
        return words["place_beyond"].format(low=low)
    if not low:
        return words["place_first"].format(high=high)
    return words["place_between"].format(low=low, high=high)
