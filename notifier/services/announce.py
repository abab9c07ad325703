"""Who is told of an event, in which order, how many at a time?

An event opens a release; a release goes down the line in waves. Each step is one transaction that
writes the messages of a part of the line and moves the release on: a crash in between repeats
nothing and forgets nobody (a unique key stops doubles).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from notifier.domain.stock import EventKind, Level
from notifier.domain.waves import Strategy
from notifier.log import log
from notifier.services.before_wave import known_before
from notifier.services.env import Env, ShopRef
from notifier.services.hook_out import tell_release_finished, tell_webhooks
from notifier.services.line_up import LINING_UP, line_up, line_up_in_parts, order_of
from notifier.services.open_wave import open_wave
from notifier.services.reserve import HOLD_FOR
from notifier.services.tell_each import AGAIN
from notifier.services.tell_next import tell_next
from notifier.store import catalogue, events, line_size, order_queue, releases, switches
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow
from notifier.store.releases import CONTINUES, NEWER, ReleaseRow
from notifier.store.session import Transaction

LOOK_AGAIN = timedelta(minutes=5)
BUYERS_FIRST = timedelta(minutes=2)  # the job runs every few seconds; if it does not, go on
PAUSED_LOOK = timedelta(minutes=1)
MOST_CONTINUED = 5  # releases
NO_PLACES = -1  # of a step: nobody can be told before all have their places


def announce(env: Env) -> int:
    """Open releases for new events and take every due wave one step on; steps taken.

    Call again at once while it returns more than zero.
    """
    steps = env.db.retry(lambda tx: _open_releases(env, tx))
    with env.db.read() as tx:
        due = releases.due_releases(tx, now=env.now())
        off = switches.all_off(tx, now=env.now())
    if switches.SENDING in off:
        return steps
    for release_id in due:
        steps += _steps(env, release_id, seconds=env.pace.turn / len(due))
    return steps


def _steps(env: Env, release_id: int, *, seconds: float) -> int:
    """As many as are due of one release, until it is the others' turn; at least one."""
    until = time.monotonic() + seconds
    known = known_before(env, release_id)
    steps = 0
    while True:
        with env.pace.measured():
            made = env.db.retry(partial(_step, env, release_id, known=known, go_on=steps > 0))
        if made == NO_PLACES:
            if not line_up_in_parts(env, release_id):
                return steps
            continue
        steps += made
        if not made or time.monotonic() >= until:
            return steps


def strategy_for(shop: ShopRef, own: dict[str, object] | None) -> Strategy:
    """The shop's strategy, with what a product has of its own laid over it."""
    rules = shop.config.release
    own = own or {}
    return Strategy(
        name=str(own.get("name", rules.strategy)),
        rate=float(str(own.get("rate", rules.rate))),
        size=int(str(own.get("size", rules.size))),
        interval=timedelta(seconds=float(str(own["interval"])))
        if "interval" in own
        else rules.interval,
        cautious=float(str(own.get("cautious", rules.cautious))),
    )


def _open_releases(env: Env, tx: Transaction) -> int:
    opened = 0
    now = env.now()
    for event in events.open_events(tx, limit=100):
        shop = env.shop_by_id(event.shop_id)
        variant = catalogue.find_variants(tx, [event.variant_id]).get(event.variant_id)
        if shop is None or variant is None:
            events.close_event(tx, event.id, state="dropped")
            continue
        is_restock = event.kind == EventKind.BACK_IN_STOCK
        if is_restock and _buyers_come_first(tx, event, now=now):
            continue
        _tell_shop(env, tx, shop, variant, event)
        events.close_event(tx, event.id)
        if not line_size.is_waited_for(
            tx, product_id=event.product_id, variant_id=event.variant_id
        ):
            continue  # who confirms from now on is told by the page itself
        strategy = strategy_for(shop, variant.strategy) if is_restock else Strategy(name="all")
        before = releases.under_way(tx, variant.id, kind=event.kind) if is_restock else []
        made = releases.start_release(
            tx,
            event_id=event.id,
            shop_id=event.shop_id,
            variant_id=event.variant_id,
            product_id=event.product_id,
            kind=event.kind,
            strategy={
                "name": strategy.name,
                "rate": strategy.rate,
                "size": strategy.size,
                "interval": strategy.interval.total_seconds(),
                "cautious": strategy.cautious,
                **(_order_and_hold(shop) if is_restock else {}),
                **_continued(before),
            },
            started_at=now,
            next_wave_at=now,
        )
        release = releases.load_release(tx, made) if made is not None else None
        if release is not None:
            line_up(tx, release)
            _hand_on(env, tx, shop, before, now=now)
        opened += made is not None
    return opened


def _order_and_hold(shop: ShopRef) -> dict[str, object]:
    """What a release of a restock keeps of the shop's rules besides its strategy."""
    hold_for = shop.config.release.hold_for
    return {**order_of(shop), **({HOLD_FOR: hold_for.total_seconds()} if hold_for else {})}


def _continued(before: Sequence[ReleaseRow]) -> dict[str, object]:
    """What a release keeps of those whose rest it tells: who was told then may still buy."""
    found = [id_ for one in before for id_ in (*one.strategy.get(CONTINUES, ()), one.id)]
    return {CONTINUES: sorted(set(found))[-MOST_CONTINUED:]} if found else {}


def _hand_on(
    env: Env, tx: Transaction, shop: ShopRef, before: Sequence[ReleaseRow], *, now: datetime
) -> None:
    """The release of the newer restock tells those who were not told. Two at a time would each
    reckon with all of the stock."""
    for one in before:
        if one.state == "running":
            releases.update_release(
                tx,
                one.id,
                state="done",
                reason=NEWER,
                finished_at=now,
                next_wave_at=None,
                wave_open=False,
            )
            tell_release_finished(env, tx, shop, one.id)


def _buyers_come_first(tx: Transaction, event: EventRow, *, now: datetime) -> bool:
    """Whether somebody who has bought this has still to be told, by the job for order lines."""
    return now - event.at < BUYERS_FIRST and order_queue.has_due_line(tx, event.variant_id, now=now)


def _tell_shop(
    env: Env, tx: Transaction, shop: ShopRef, variant: VariantRow, event: EventRow
) -> None:
    """The shop's own software hears of restocks and new dates, whoever waits, once of each."""
    if event.kind != EventKind.DISCONTINUED and AGAIN not in event.facts:
        facts = {"variant": variant.key, "sku": variant.sku, **event.facts}
        tell_webhooks(env, tx, shop, f"stock.{event.kind}", facts)


def _step(
    env: Env, release_id: int, tx: Transaction, *, known: Mapping[str, Any], go_on: bool = False
) -> int:
    """Plan a wave, or write the messages of one more part of the wave under way.

    `known`: facts for a wave that is opened. `go_on`: what could stop it was looked at a moment
    ago. It is again before anything is sent.
    """
    release = releases.load_release(tx, release_id, for_update=True)
    now = env.now()
    if release is None or release.state != "running" or release.next_wave_at is None:
        return 0
    if release.next_wave_at > now:
        return 0
    shop = env.shop_by_id(release.shop_id)
    if shop is None:
        releases.update_release(tx, release_id, state="stopped", reason="error", finished_at=now)
        return 1
    if LINING_UP in release.strategy:
        return NO_PLACES
    if go_on and release.wave_open:
        tell_next(env, tx, shop, release, now=now)
        return 1
    off = switches.all_off(tx, now=now)
    if switches.of_shop(shop.slug) in off or switches.of_alerts(shop.slug) in off:
        releases.update_release(tx, release_id, next_wave_at=now + PAUSED_LOOK)
        return 0
    if release.kind == EventKind.BACK_IN_STOCK:
        blocked = _look_again(env, tx, shop, release, now=now)
        if blocked:
            return 1
    if not release.wave_open:
        opened = open_wave(env, tx, shop, release, known=known)
        if opened is None:
            return 1
        release = opened
    tell_next(env, tx, shop, release, now=now)
    return 1


def _look_again(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> bool:
    """Whether stock, its age or the catalogue stop this wave; then the release is moved on."""
    belief = stock_store.load_stock(tx, [release.variant_id]).get(release.variant_id)
    variant = catalogue.find_variants(tx, [release.variant_id]).get(release.variant_id)
    if belief is None or belief.level is Level.NONE:
        releases.stop_sold_out(tx, [release.id], now=now)
        tell_release_finished(env, tx, shop, release.id)
        log.info("release stopped: sold out", release=release.id)
        return True
    if variant is None or not variant.may_be_asked_for:
        releases.update_release(
            tx,
            release.id,
            state="stopped",
            reason="unpublished",
            finished_at=now,
            next_wave_at=None,
        )
        tell_release_finished(env, tx, shop, release.id)
        return True
    if is_too_old(env, tx, shop, release.variant_id, now=now):
        releases.update_release(tx, release.id, next_wave_at=now + LOOK_AGAIN)
        return True
    return False


def is_too_old(env: Env, tx: Transaction, shop: ShopRef, variant_id: int, *, now: datetime) -> bool:
    """Nothing is sent on data older than the source's limit (trust RL-19)."""
    known_at = stock_store.vouched_at(tx, shop.id, [variant_id]).get(variant_id)
    source = stock_store.source_of(tx, variant_id)
    settings = shop.config.sources.get(source)
    max_age = settings.max_age if settings else timedelta(hours=24)
    return known_at is None or now - known_at > max_age
