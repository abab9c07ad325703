"""Who comes first in a release: by the order of asking, by lot, and those the shop puts first?"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
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
LINING_UP = "lining_up"  # …: places are not given yet; who gives them, and of when that is
AT_ONCE = 2_000  # people
GIVES_UP = timedelta(minutes=2)  # who has given none for so long has died; a million are read first


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
        releases.update_release(tx, release.id, strategy={**wanted, LINING_UP: {}})
        return
    _all_have_places(tx, release, line_order.give_places(tx, release.id, _order(tx, release)))


def line_up_in_parts(env: Env, release_id: int) -> bool:
    """The same for a long line, in transactions of which none keeps a sign-up waiting. One that was
    left in the middle begins anew. False: somebody else is at it, or has done it."""
    mine = secrets.token_hex(8)
    release = env.db.retry(lambda tx: _begin(env, tx, release_id, mine))
    if release is None:
        return False
    with env.db.read() as tx:
        ids = _order(tx, release)
    for start in range(0, max(len(ids), 1), AT_ONCE):
        if not env.db.retry(partial(_give_part, env, release_id, mine, ids, start)):
            return False
    return env.db.retry(lambda tx: _end(tx, release_id, mine, count=len(ids)))


def _locked(tx: Transaction, release_id: int, *, by: str | None = None) -> ReleaseRow | None:
    """The release while its places are still to be given, and given by this one, if one is named.
    Two who gave them at a time would take from one another what they gave."""
    release = releases.load_release(tx, release_id, for_update=True, skip_locked=False)
    if release is None or LINING_UP not in release.strategy:
        return None
    return release if by is None or release.strategy[LINING_UP].get("by") == by else None


def _begin(env: Env, tx: Transaction, release_id: int, mine: str) -> ReleaseRow | None:
    """The release, whose places are given by us from now on; None where another gives them."""
    release = _locked(tx, release_id)
    if release is None or _is_alive(release.strategy[LINING_UP], now=env.now()):
        return None
    _note(env, tx, release, mine)
    return release


def _is_alive(given: Mapping[str, str], *, now: datetime) -> bool:
    """Whether somebody gives places, and has given some lately."""
    return bool(given) and now - datetime.fromisoformat(given["at"]) < GIVES_UP


def _give_part(
    env: Env, release_id: int, mine: str, ids: Sequence[int], start: int, tx: Transaction
) -> bool:
    """False: another gives them by now."""
    release = _locked(tx, release_id, by=mine)
    if release is None:
        return False
    _note(env, tx, release, mine)
    if not start:
        line_order.take_places(tx, release_id)
    line_order.give_places(tx, release_id, ids[start : start + AT_ONCE], first=start)
    return True


def _end(tx: Transaction, release_id: int, mine: str, *, count: int) -> bool:
    """False: another gives them by now."""
    release = _locked(tx, release_id, by=mine)
    if release is not None:
        _all_have_places(tx, release, count)
    return release is not None


def _note(env: Env, tx: Transaction, release: ReleaseRow, mine: str) -> None:
    given = {"by": mine, "at": env.now().isoformat()}
    releases.update_release(tx, release.id, strategy={**release.strategy, LINING_UP: given})


def _all_have_places(tx: Transaction, release: ReleaseRow, count: int) -> None:
    kept = {name: value for name, value in release.strategy.items() if name != LINING_UP}
    releases.update_release(tx, release.id, strategy={**kept, PLACES: count})
    log.info("places given", release=release.id, places=count, order=kept.get("order", ""))


def _has_places(rules: Mapping[str, Any]) -> bool:
    return rules.get("order") == LOTTERY or bool(rules.get("first_tags"))


def _order(tx: Transaction, release: ReleaseRow) -> list[int]:
    """Subscriptions with a place, in the order of their places."""
    first_tags = release.strategy.get("first_tags", ())
    line = line_order.all_waiting(tx, release, tags=bool(first_tags))
    if release.strategy.get("order") != LOTTERY:
        return [one.id for one in line if comes_first(one.tags, first_tags)]
    # who waits for the variant and for any has one lot, too: the better one
    first: dict[int, int] = {}
    others: dict[int, int] = {}
    for one in line:
        lots = first if comes_first(one.tags, first_tags) else others
        lots.setdefault(one.contact_id, one.id)
    rest = [id_ for contact_id, id_ in others.items() if contact_id not in first]
    seed = str(release.strategy["seed"])
    return [*draw(first.values(), seed=seed), *draw(rest, seed=seed)]


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
