"""Who comes first in a release: by the order of asking, by lot, and those the shop puts first?"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from notifier.domain.lottery import draw
from notifier.log import log
from notifier.services.env import ShopRef
from notifier.store import line_order, people, releases
from notifier.store.line_order import Stretch
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction

LOTTERY = "lottery"
WHOLE_PRODUCT = "whole_product"  # …: the line is that of all its variants
PLACES = "places"  # in a release's strategy: how many have a place


def order_of(shop: ShopRef) -> dict[str, Any]:
    """What a release keeps of the order the shop wants; a seed of its own for a lottery."""
    rules = shop.config.release
    kept: dict[str, Any] = {}
    if rules.order == LOTTERY:
        kept = {"order": LOTTERY, "seed": secrets.token_hex(16)}
    if rules.first_tags:
        kept["first_tags"] = list(rules.first_tags)
    return kept


def line_up(tx: Transaction, release: ReleaseRow) -> None:
    """Give places to all who wait now, where the release does not go by the order of asking."""
    wanted = release.strategy
    is_lottery = wanted.get("order") == LOTTERY
    first_tags = wanted.get("first_tags", ())
    if not is_lottery and not first_tags:
        return
    first: list[int] = []
    others: list[int] = []
    drawn: set[int] = set()  # who waits for the variant and for any has one lot, too
    for one in line_order.all_waiting(tx, release):
        if is_lottery and one.contact_id in drawn:
            continue
        drawn.add(one.contact_id)
        (first if comes_first(one.tags, first_tags) else others).append(one.id)
    if is_lottery:
        seed = str(wanted["seed"])
        first, others = draw(first, seed=seed), draw(others, seed=seed)
    count = line_order.give_places(tx, release.id, [*first, *(others if is_lottery else ())])
    releases.update_release(tx, release.id, strategy={**wanted, PLACES: count})
    log.info("places given", release=release.id, first=len(first), by_lot=is_lottery)


def comes_first(tags: Iterable[object], first_tags: Iterable[object]) -> bool:
    """Whether somebody with these tags is told before all who have none of the shop's."""
    mine = {str(tag).casefold() for tag in tags}
    return any(str(tag).casefold() in mine for tag in first_tags)


def next_in_line(tx: Transaction, release: ReleaseRow, *, limit: int) -> Stretch:
    """The next people of a release behind its cursor."""
    if release.strategy.get(PLACES):
        return line_order.next_in_order(tx, release, limit=limit)
    found = people.line_for(
        tx,
        product_id=release.product_id,
        variant_id=None if release.strategy.get(WHOLE_PRODUCT) else release.variant_id,
        after=release.place,
        limit=limit,
    )
    return Stretch(people=found, cursor=(found[-1].created_at, found[-1].id) if found else None)
