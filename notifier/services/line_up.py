"""Who comes first in a release: by the order of asking, by lot, and those the shop puts first?"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from notifier.domain.lottery import draw
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.store import line_order, line_size, people, releases
from notifier.store.line_order import Stretch
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction

LOTTERY = "lottery"
WHOLE_PRODUCT = "whole_product"  # …: the line is that of all its variants
PLACES = "places"  # in a release's strategy: how many have a place
LINING_UP = "lining_up"  # …: places are not given yet
AT_ONCE = 2_000  # people


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
    """Give places to all who wait now, where the release does not go by the order of asking; those
    of a long line get them later (`line_up_in_parts`), before anybody is told."""
    wanted = release.strategy
    if not _has_places(wanted):
        return
    people_waiting, _ = line_size.count_line(
        tx, product_id=release.product_id, variant_id=release.variant_id
    )
    if people_waiting > AT_ONCE:
        releases.update_release(tx, release.id, strategy={**wanted, LINING_UP: True})
        return
    count = line_order.give_places(tx, release.id, _order(tx, release))
    releases.update_release(tx, release.id, strategy={**wanted, PLACES: count})
    log.info("places given", release=release.id, places=count, order=wanted.get("order", ""))


def line_up_in_parts(env: Env, release_id: int) -> None:
    """The same for a long line, in transactions of which none keeps a sign-up waiting. One that was
    left in the middle begins anew."""
    with env.db.read() as tx:
        release = releases.load_release(tx, release_id)
        ids = _order(tx, release) if release is not None else []
    env.db.retry(lambda tx: line_order.take_places(tx, release_id))
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        env.db.retry(
            lambda tx, some=some, start=start: line_order.give_places(  # type: ignore[misc]
                tx, release_id, some, first=start
            )
        )
    env.db.retry(lambda tx: _are_placed(tx, release_id, count=len(ids)))


def _are_placed(tx: Transaction, release_id: int, *, count: int) -> None:
    release = releases.load_release(tx, release_id, for_update=True, skip_locked=False)
    if release is not None:
        kept = {name: value for name, value in release.strategy.items() if name != LINING_UP}
        releases.update_release(tx, release_id, strategy={**kept, PLACES: count})
        log.info("places given", release=release_id, places=count, order=kept.get("order", ""))


def _has_places(rules: Mapping[str, Any]) -> bool:
    return rules.get("order") == LOTTERY or bool(rules.get("first_tags"))


def _order(tx: Transaction, release: ReleaseRow) -> list[int]:
    """Subscriptions with a place, in the order of their places."""
    is_lottery = release.strategy.get("order") == LOTTERY
    first_tags = release.strategy.get("first_tags", ())
    first: list[int] = []
    others: list[int] = []
    drawn: set[int] = set()  # who waits for the variant and for any has one lot, too
    for one in line_order.all_waiting(tx, release, tags=bool(first_tags)):
        if is_lottery and one.contact_id in drawn:
            continue
        drawn.add(one.contact_id)
        (first if comes_first(one.tags, first_tags) else others).append(one.id)
    if is_lottery:
        seed = str(release.strategy["seed"])
        return [*draw(first, seed=seed), *draw(others, seed=seed)]
    return first


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
