"""What has run low, and what do many wait for, since somebody looked last?

Told once when the line is crossed. It counts as crossed back only some way on this side of it, so
that one sale and one return do not tell it again. What happens within minutes is told together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

from notifier.domain.message import MessageKind
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.product_words import product_title, variant_title
from notifier.services.read_demand import Wanted, read_wanted
from notifier.services.tell_merchant import can_tell, tell_merchant
from notifier.store import catalogue, crossings, product_list
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.session import Database, Transaction

LOW = "alert:low_stock"
DEMAND = "alert:high_demand"
SOLD_WITHIN = timedelta(days=28)
MOST = 2_000  # variants looked at in one turn
LISTED = 50  # of them in one message
BACK_BY = 0.2  # this far on the other side, crossing it again is news

_seen: WeakKeyDictionary[Database, dict[int, int]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """`days`: for how long it lasts at the pace of the last weeks; None: nobody knows."""

    quantity: int
    days: float | None


def watch(env: Env) -> int:
    """Look at every shop that wants alerts; how many alerts were written."""
    told = 0
    for shop in list(env.shops.values()):
        try:
            told += _watch_stock(env, shop) + _watch_demand(env, shop)
        except Exception:  # noqa: BLE001  one shop must not keep the others from theirs
            log.exception("shop not watched", shop=shop.slug)
    return told


def _watch_stock(env: Env, shop: ShopRef) -> int:
    rules = shop.config.alerts
    if not (rules.low_stock or rules.low_stock_days) or not can_tell(env, shop):
        return 0
    seen = _seen.setdefault(env.db, {})
    after = seen.get(shop.id)

    def work(tx: Transaction) -> tuple[int, int]:
        upto = crossings.last_change(tx)
        is_first = after is None or after > upto  # the latter after a restore
        open_ones = {int(one) for one in crossings.crossed(tx, LOW, shop.id)}
        if is_first:  # since this process runs: also what fell while none did
            wanted = crossings.low_now(tx, shop.id, at_most=max(rules.low_stock, 1), limit=MOST)
        else:
            wanted = crossings.changed_since(
                tx,
                shop.id,
                after=after or 0,
                upto=upto,
                at_most=None if rules.low_stock_days else rules.low_stock,
                limit=MOST,
            )
        looked = {*wanted, *open_ones}
        left = _left(env, tx, shop, looked)
        back = {one for one in open_ones if one not in left or not _is_still_low(shop, left[one])}
        crossings.cross_back(tx, LOW, shop.id, back)
        news = [
            one
            for one in wanted
            if one not in open_ones
            and one in left
            and _is_low(shop, left[one])
            and _was_more(tx, one, left[one], after=None if is_first else after)
            and crossings.cross(tx, LOW, shop.id, one, now=env.now())
        ]
        if news:
            tell_merchant(env, tx, shop, MessageKind.LOW_STOCK, _low_facts(tx, shop, news, left))
        return upto, len(news)

    seen[shop.id], told = env.db.retry(work)
    return bool(told)


def _left(env: Env, tx: Transaction, shop: ShopRef, variant_ids: Iterable[int]) -> dict[int, _Left]:
    """What is left of each, where the source says how many."""
    beliefs = stock_store.load_stock(tx, list(variant_ids))
    wants_days = shop.config.alerts.low_stock_days > 0
    return {
        id_: _Left(
            quantity=max(belief.quantity, 0),
            days=_days(env, tx, id_, belief.quantity) if wants_days else None,
        )
        for id_, belief in beliefs.items()
        if belief.quantity is not None
    }


def _days(env: Env, tx: Transaction, variant_id: int, quantity: int) -> float | None:
    """How many days the stock lasts: by how much it fell in four weeks, restocks left out."""
    changes = product_list.changes_of(tx, variant_id, since=env.now() - SOLD_WITHIN)
    known = [one.quantity for one in changes if one.quantity is not None]
    sold = sum(max(one - two, 0) for one, two in pairwise(known))
    return max(quantity, 0) * SOLD_WITHIN.days / sold if sold else None


def _is_low(shop: ShopRef, left: _Left, *, factor: float = 1.0) -> bool:
    rules = shop.config.alerts
    few = rules.low_stock > 0 and left.quantity <= rules.low_stock * factor
    short = left.days is not None and left.days <= rules.low_stock_days * factor
    return few or short


def _is_still_low(shop: ShopRef, left: _Left) -> bool:
    return _is_low(shop, left, factor=1 + BACK_BY)


def _was_more(tx: Transaction, variant_id: int, left: _Left, *, after: int | None) -> bool:
    """Whether it has come from above the line: what was out before it was watched is no news."""
    if left.quantity > 0 or after is None:
        return left.quantity > 0
    before = crossings.quantity_before(tx, variant_id, upto=after)
    return before is not None and before > 0


def _low_facts(
    tx: Transaction, shop: ShopRef, news: list[int], left: dict[int, _Left]
) -> dict[str, Any]:
    rows = catalogue.find_variants(tx, news)
    news.sort(key=lambda id_: (left[id_].quantity, id_))
    return {
        "total": len(news),
        "products": [
            {
                "title": _name(rows[id_], shop.config.locale),
                "count": left[id_].quantity,
                "days": _whole_days(left[id_].days),
            }
            for id_ in news[:LISTED]
            if id_ in rows
        ],
    }


def _whole_days(days: float | None) -> int:
    """At least one; 0 where nobody knows."""
    return 0 if days is None else max(math.ceil(days), 1)


def _name(variant: VariantRow, locale: str) -> str:
    title, own = product_title(variant, locale), variant_title(variant, locale)
    return f"{title} ({own})" if own and own != title else title


def _watch_demand(env: Env, shop: ShopRef) -> int:
    line = shop.config.alerts.high_demand
    if not line or not can_tell(env, shop):
        return 0
    many = _wanted_by(env, shop, math.ceil(line * (1 - BACK_BY)))

    def work(tx: Transaction) -> int:
        open_ones = crossings.crossed(tx, DEMAND, shop.id)
        still = {one.tally.target for one in many}
        crossings.cross_back(tx, DEMAND, shop.id, open_ones - still)
        news = [
            one
            for one in many
            if one.tally.people >= line
            and one.tally.target not in open_ones
            and crossings.cross(tx, DEMAND, shop.id, one.tally.target, now=env.now())
        ]
        if news:
            facts = {
                "total": len(news),
                "products": [wanted_facts(one) for one in news[:LISTED]],
            }
            tell_merchant(env, tx, shop, MessageKind.HIGH_DEMAND, facts)
        return bool(news)

    return env.db.retry(work)


def _wanted_by(env: Env, shop: ShopRef, people: int) -> list[Wanted]:
    """What at least so many people wait for, up to MOST."""
    found: list[Wanted] = []
    after = None
    while len(found) < MOST:
        page = read_wanted(env, shop, after=after, limit=200)
        enough = [one for one in page.rows if one.tally.people >= max(people, 1)]
        found += enough
        if len(enough) < len(page.rows) or page.last is None:
            break
        after = page.last
    return found


def wanted_facts(one: Wanted) -> dict[str, Any]:
    """What is wanted, by its name, and by how many people."""
    named = one.named
    own = named.variant_title
    title = f"{named.title} ({own})" if own and own != named.title else named.title
    return {"title": title or named.product, "count": one.tally.people, "days": 0}
