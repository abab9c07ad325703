"""What has a release shown so far: who was told when, who looked, what was sold, what is left?

All of it is read from rows: messages that left, clicks on their links, purchases that the shop
reported, or else the fall in stock from look to look.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.domain.adaptive_state import AdaptiveState, Sale, Told
from notifier.domain.availability import Availability
from notifier.domain.outages import Seen
from notifier.domain.stock import Level, Rules, level_of
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.shop_history import history_of
from notifier.store import catalogue, line_size, releases, releasing
from notifier.store import stock as stock_store
from notifier.store.releases import CONTINUES, ReleaseRow
from notifier.store.releasing import LookedAt, ToldGroup
from notifier.store.session import Transaction

REPORTED_WITHIN = timedelta(days=30)  # a shop that reported a purchase since then reports them
_READ_ALL = 10_000  # of more who were told, one message in two is read, in three, and so on
# so many sold that those told may have bought, and nobody looked: links go past us
_BLIND_SALES = 3


def release_seen(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    release: ReleaseRow,
    *,
    units: int | None,
    line: bool = True,
) -> AdaptiveState:
    """The state of a release now. `units`: that may be sold to those who wait; None: there, but
    not how many. With those of whom it tells the rest: what they told is spoken for, too.
    `line`: whether those who wait are counted; else nobody waits."""
    now = env.now()
    ids = [release.id, *release.strategy.get(CONTINUES, ())]
    since = releases.first_start(tx, ids) or release.started_at
    every = max(releases.told_by(tx, ids) // _READ_ALL, 1)
    groups = releasing.told_groups(tx, ids, every=every)
    looks = releasing.first_looks(tx, ids, every=every)
    seen = releasing.seen_since(tx, release.variant_id, since=since)
    variant = catalogue.find_variants(tx, [release.variant_id]).get(release.variant_id)
    rules = rules_for(shop.config, variant)
    sales = _sales(env, tx, shop, release, seen, since=since)
    theirs = sum(one.units for one in sales if not one.to_stranger)
    waiting, wanted = _line(tx, release, ids) if line else (0, 0)
    known_at = stock_store.vouched_at(tx, shop.id, [release.variant_id])
    return AdaptiveState(
        now=now,
        stock=units,
        stock_at=known_at.get(release.variant_id),
        told=_told(groups, looks, now=now, every=every),
        sales=tuple(sales),
        waiting=waiting,
        waiting_units=wanted,
        late=_came_too_late(looks, seen, rules=rules) * every,
        looks_seen=bool(looks) or theirs < _BLIND_SALES,
        history=history_of(tx, shop, variant_id=release.variant_id, besides=release.id),
        cautious=float(release.strategy.get("cautious", 1.0)),
    )


def _line(tx: Transaction, release: ReleaseRow, ids: Sequence[int]) -> tuple[int, int]:
    """People who wait and are told by none of those releases yet, and the units they want."""
    waiting, wanted = line_size.count_line(
        tx, product_id=release.product_id, variant_id=release.variant_id
    )
    coming, coming_units = releasing.on_their_way(tx, ids)
    return max(waiting - coming, 0), max(wanted - coming_units, 0)


def reports_purchases(env: Env, tx: Transaction, shop: ShopRef) -> bool:
    """Whether the shop says what it sells."""
    return releasing.reports_purchases(tx, shop.id, since=env.now() - REPORTED_WITHIN)


def _told(
    groups: Sequence[ToldGroup], looks: Sequence[LookedAt], *, now: datetime, every: int
) -> tuple[Told, ...]:
    """Who is still to get a message has all the time before them."""
    looked: dict[tuple[int, int, str, bool], list[timedelta]] = {}
    for one in looks:
        late = max(one.at - (one.sent_at or one.at), timedelta(0))
        key = (one.release_id, one.wave, one.medium, one.sent_at is None)
        looked.setdefault(key, []).append(late)
    told = []
    for group in groups:
        at = now
        if group.first is not None and group.last is not None:
            at = min(group.first + (group.last - group.first) / 2, now)
        delays = looked.get((group.release_id, group.wave, group.medium, group.is_open), [])
        looked_at = tuple(sorted(delays * every))
        told.append(Told(at=at, people=group.people, units=group.units, looked=looked_at))
    return tuple(sorted(told, key=lambda one: one.at))


def _sales(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    release: ReleaseRow,
    seen: Sequence[Seen],
    *,
    since: datetime,
) -> list[Sale]:
    """As reported by a shop that reports any, else by the fall in stock."""
    if reports_purchases(env, tx, shop):
        bought = releasing.purchases_of(tx, release.variant_id, since=since)
        return [Sale(at=one.at, units=one.units, told=one.told) for one in bought]
    return falls(seen, since=since)


def falls(seen: Sequence[Seen], *, since: datetime) -> list[Sale]:
    """What each look showed less than the one before; nobody knows who bought it."""
    found: list[Sale] = []
    before: int | None = None
    for one in seen:
        quantity = one.quantity
        if quantity is None and one.availability is Availability.OUT_OF_STOCK and before:
            quantity = 0
        if quantity is not None and before is not None and quantity < before and one.at > since:
            found.append(Sale(at=one.at, units=before - quantity))
        if one.availability is not Availability.UNKNOWN:
            before = quantity
    return found


def _came_too_late(looks: Sequence[LookedAt], seen: Sequence[Seen], *, rules: Rules) -> int:
    """How many looked when it could not be bought, as far as looks at stock say."""
    since = [one.at for one in seen]
    was_there = [
        one.availability is Availability.UNKNOWN
        or level_of(one.availability, one.quantity, rules=rules) > Level.NONE
        for one in seen
    ]
    late = 0
    for look in looks:
        last = bisect_right(since, look.at) - 1
        late += last >= 0 and not was_there[last]  # before the first look at stock it was there
    return late
