"""Who is told of an event, in which order, how many at a time?

An event opens a release; a release goes down the line in waves. Each step is one transaction that
inserts a chunk of outbox rows and moves the release on: a crash in between repeats nothing and
forgets nobody (a unique key stops doubles).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind, priority_of
from notifier.domain.stock import EventKind, Level
from notifier.domain.waves import Strategy, choose_people
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.eta_again import may_hear
from notifier.services.eta_notice import ONLY_PHYSICAL, wants_eta
from notifier.services.hook_out import tell_webhooks
from notifier.services.line_up import line_up, next_in_line, order_of
from notifier.services.open_wave import open_wave, time_between
from notifier.services.reserve import HOLD_FOR, reserve_for
from notifier.services.tell_everybody import tell_stretch
from notifier.services.write_message import channel_name
from notifier.store import (
    catalogue,
    events,
    order_queue,
    outbox,
    people,
    releases,
    switches,
    under_way,
)
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction, soon
from notifier.store.wave_rows import Stretched

CHUNK = 500  # people a transaction
LOOK_AGAIN = timedelta(minutes=5)
BUYERS_FIRST = timedelta(minutes=2)  # the job runs every few seconds; if it does not, go on
PAUSED_LOOK = timedelta(minutes=1)
AGAIN = "again"  # among an event's facts: no news, but somebody was not told of it yet
_KINDS = {
    EventKind.BACK_IN_STOCK.value: MessageKind.BACK_IN_STOCK,
    EventKind.ETA_REVISED.value: MessageKind.ETA_REVISED,
    EventKind.PREORDER_OPEN.value: MessageKind.PREORDER_OPEN,
    EventKind.DISCONTINUED.value: MessageKind.DISCONTINUED,
    EventKind.BROADCAST.value: MessageKind.BROADCAST,
}


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
        steps += env.db.retry(lambda tx, id_=release_id: _step(env, tx, id_))  # type: ignore[misc]
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
        waiting, _ = people.count_line(tx, product_id=event.product_id, variant_id=event.variant_id)
        if not waiting:
            continue  # who confirms from now on is told by the page itself
        strategy = strategy_for(shop, variant.strategy) if is_restock else Strategy(name="all")
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
            },
            started_at=now,
            next_wave_at=now,
        )
        release = releases.load_release(tx, made) if made is not None else None
        if release is not None:
            line_up(tx, release)
        opened += made is not None
    return opened


def _order_and_hold(shop: ShopRef) -> dict[str, object]:
    """What a release of a restock keeps of the shop's rules besides its strategy."""
    hold_for = shop.config.release.hold_for
    return {**order_of(shop), **({HOLD_FOR: hold_for.total_seconds()} if hold_for else {})}


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


def _step(env: Env, tx: Transaction, release_id: int) -> int:
    """Plan a wave, or enqueue one more chunk of the wave under way."""
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
    if switches.of_shop(shop.slug) in switches.all_off(tx, now=now):
        releases.update_release(tx, release_id, next_wave_at=now + PAUSED_LOOK)
        return 0
    if release.kind == EventKind.BACK_IN_STOCK:
        blocked = _look_again(env, tx, shop, release, now=now)
        if blocked:
            return 1
    if not release.wave_open:
        opened = open_wave(env, tx, shop, release)
        if opened is None:
            return 1
        release = opened
    _enqueue_chunk(env, tx, shop, release, now=now)
    return 1


def _look_again(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> bool:
    """Whether stock, its age or the catalogue stop this wave; then the release is moved on."""
    belief = stock_store.load_stock(tx, [release.variant_id]).get(release.variant_id)
    variant = catalogue.find_variants(tx, [release.variant_id]).get(release.variant_id)
    if belief is None or belief.level is Level.NONE:
        releases.stop_sold_out(tx, [release.id], now=now)
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


def _enqueue_chunk(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> None:
    stretched = tell_stretch(env, tx, shop, release, now=now)
    if stretched is not None:
        _after_stretch(env, tx, shop, release, stretched, now=now)
        return
    stretch = next_in_line(tx, release, limit=CHUNK)
    line = stretch.people
    eligible = _eligible(env, tx, shop, release, line)
    chosen = choose_people(
        [(one.id, one.quantity) for one in eligible],
        people_left=release.people_left,
        units_left=release.units_left,
        largest=release.largest,
        is_first=not releases.told_in_wave(tx, release.id, number=release.waves),
    )
    told = {one.id: one for one in eligible if one.id in set(chosen.told)}
    _enqueue(env, tx, shop, release, [told[id_] for id_ in chosen.told], now=now)
    releases.count_told(tx, release.id, number=release.waves, told=len(told))
    moved: dict[str, object] = {
        "told": release.told + len(told),
        "units_told": release.units_told + chosen.units,
    }
    if release.people_left is not None:
        moved["people_left"] = release.people_left - len(told)
    if release.units_left is not None:
        moved["units_left"] = release.units_left - chosen.units
    if chosen.full:
        moved.update(wave_open=False, next_wave_at=now + time_between(tx, release))
    elif len(line) < CHUNK:
        passed_over = bool(chosen.passed) or _was_anybody_passed_over(tx, release)
        moved.update(wave_open=False, **_finished(release, now=now, passed_over=passed_over))
    elif stretch.cursor is not None:
        moved.update(cursor_at=stretch.cursor[0], cursor_id=stretch.cursor[1])
    _move_on(env, tx, shop, release, moved)


def _after_stretch(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, told: Stretched, *, now: datetime
) -> None:
    """The same for a stretch that was told with one statement."""
    soon(tx, Work.DELIVER)
    releases.count_told(tx, release.id, number=release.waves, told=told.people)
    moved: dict[str, object] = {
        "told": release.told + told.people,
        "units_told": release.units_told + told.units,
    }
    if told.end is None:
        moved.update(wave_open=False, **_finished(release, now=now, passed_over=False))
    else:
        moved.update(cursor_at=told.end[0], cursor_id=told.end[1])
    _move_on(env, tx, shop, release, moved)


def _move_on(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, moved: dict[str, object]
) -> None:
    releases.update_release(tx, release.id, **moved)
    if moved.get("state") == "done":
        tell_webhooks(
            env,
            tx,
            shop,
            "release.finished",
            {"release": release.id, "kind": release.kind, "told": moved["told"]},
        )


def _was_anybody_passed_over(tx: Transaction, release: ReleaseRow) -> bool:
    """Also in the chunks of this wave that came before."""
    if release.place is None or release.largest is None:
        return False
    return under_way.waits_for_more(
        tx,
        event_id=release.event_id,
        product_id=release.product_id,
        variant_id=release.variant_id,
        than=release.largest,
    )


def _finished(release: ReleaseRow, *, now: datetime, passed_over: bool) -> dict[str, object]:
    """The end of the line. Who wants more than there is keeps the release open, looked at again."""
    if passed_over:
        return {"next_wave_at": now + timedelta(seconds=release.strategy["interval"])}
    return {"state": "done", "reason": "", "finished_at": now, "next_wave_at": None}


def _eligible(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, line: Sequence[InLine]
) -> list[InLine]:
    """Those in line whom this event concerns and who have no message for it yet."""
    contact_ids = [one.contact_id for one in line]
    have = outbox.has_event_message(tx, event_id=release.event_id, contact_ids=contact_ids)
    event = events.load_event(tx, release.event_id)
    coming: dict[int, set[int]] = {}
    if release.kind == EventKind.BACK_IN_STOCK:
        coming = under_way.variants_told_of(
            tx, product_id=release.product_id, contact_ids=contact_ids
        )
    owed: set[int] | None = None
    if event is not None and event.kind == EventKind.ETA_REVISED and AGAIN in event.facts:
        owed = may_hear(tx, shop, line, product_id=release.product_id, now=env.now())
    ends_for_any = release.kind != EventKind.DISCONTINUED or _is_all_gone(tx, release.product_id)
    chosen: list[InLine] = []
    taken: set[int] = set(have)
    for one in line:
        if one.contact_id in taken:
            continue  # one message a person, also who waits for the variant and for any
        answers = coming.get(one.contact_id, set())
        if release.variant_id in answers or (one.variant_id is None and answers):
            continue  # another message that is on its way says it
        if one.variant_id is None and not ends_for_any:
            continue
        if owed is not None and one.id not in owed:
            continue
        if (
            event is not None
            and event.kind == EventKind.ETA_REVISED
            and not wants_eta(shop, one, eta=str(event.facts.get("eta") or ""), now=env.now())
        ):
            continue
        if event is not None and not _concerns(event, physical_only=one.physical_only):
            continue
        taken.add(one.contact_id)
        chosen.append(one)
    return chosen


def _concerns(event: EventRow, *, physical_only: bool) -> bool:
    """Whether it is news to who wants nothing but goods that are there, or to the others."""
    if physical_only:
        ahead = event.kind == EventKind.PREORDER_OPEN
        return not ahead and event.facts.get("availability") != "backorder"
    return not event.facts.get(ONLY_PHYSICAL)


def _is_all_gone(tx: Transaction, product_id: int) -> bool:
    """Whether no variant of the product will come back: only then any of them is over, too."""
    ids = [one.id for one in catalogue.variants_of(tx, product_id)]
    beliefs = stock_store.load_stock(tx, ids)
    return all(
        id_ in beliefs and beliefs[id_].availability is Availability.DISCONTINUED for id_ in ids
    )


def _enqueue(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    release: ReleaseRow,
    chosen: Sequence[InLine],
    *,
    now: datetime,
) -> None:
    kind = _KINDS[release.kind]
    expires_at = now + env.config.delivery.alert_ttl
    soon(tx, Work.DELIVER)
    releases_again = outbox.rearm_gone(
        tx,
        release_id=release.id,
        subscription_ids=[one.id for one in chosen],
        now=now,
        wave=release.waves,
        expires_at=expires_at,
    )
    made = outbox.add_messages(
        tx,
        [
            outbox.NewMessage(
                shop_id=shop.id,
                kind=kind.value,
                medium=one.medium,
                channel=channel_name(shop, one.medium),
                contact_id=one.contact_id,
                subscription_id=one.id,
                event_id=release.event_id,
                release_id=release.id,
                wave=release.waves,
                locale=one.locale,
                priority=priority_of(kind),
                due_at=now,
                expires_at=expires_at,
            )
            for one in chosen
        ],
        now=now,
    )
    reserve_for(tx, release, chosen, now=now)
    log.info("wave enqueued", release=release.id, messages=made, again=releases_again)
