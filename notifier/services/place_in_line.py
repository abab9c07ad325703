"""About how many wait in front of somebody, where the shop wants that said?"""

from __future__ import annotations

from collections.abc import Sequence

from notifier.domain.place_in_line import MOST, range_of
from notifier.domain.subscription import SubscriptionState
from notifier.i18n import section
from notifier.services.env import Env, ShopRef
from notifier.services.line_up import LOTTERY, comes_first
from notifier.store import line_order
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction


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
        ahead = _ahead(tx, row, variant_id=row.variant_id, first_tags=rules.first_tags)
    low, high = range_of(ahead)
    if high is None:
        return words["place_beyond"].format(low=low)
    if not low:
        return words["place_first"].format(high=high)
    return words["place_between"].format(low=low, high=high)


def _ahead(
    tx: Transaction, row: SubscriptionRow, *, variant_id: int, first_tags: Sequence[str]
) -> int:
    """Who asked earlier; and of those the shop puts first all, whenever they asked."""
    place = (row.created_at, row.id)
    line = {"product_id": row.product_id, "variant_id": variant_id}
    tagged = line_order.with_tags(tx, **line, limit=MOST) if first_tags else []
    first = [one for one in tagged if comes_first(one.tags, first_tags)]
    if any(one.id == row.id for one in first):
        return sum((one.created_at, one.id) < place for one in first)
    earlier = line_order.count_ahead(tx, **line, before=place, most=MOST)
    return earlier + sum((one.created_at, one.id) > place for one in first)
