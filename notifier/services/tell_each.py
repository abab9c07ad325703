"""Who of a few people in line is told of an event, where each has to be looked at?

By lot or by tags, with a reservation for each, of a new date, or while something else about the
product is on its way to some of them. The usual release: services/tell_everybody.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind, priority_of
from notifier.domain.stock import EventKind
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.eta_again import may_hear
from notifier.services.eta_notice import ONLY_PHYSICAL, wants_eta
from notifier.services.reserve import reserve_for
from notifier.services.write_message import channel_name
from notifier.store import catalogue, events, outbox, under_way
from notifier.store import stock as stock_store
from notifier.store.events import EventRow
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction, soon

AGAIN = "again"  # among an event's facts: no news, but somebody was not told of it yet
KINDS = {
    EventKind.BACK_IN_STOCK.value: MessageKind.BACK_IN_STOCK,
    EventKind.ETA_REVISED.value: MessageKind.ETA_REVISED,
    EventKind.PREORDER_OPEN.value: MessageKind.PREORDER_OPEN,
    EventKind.DISCONTINUED.value: MessageKind.DISCONTINUED,
    EventKind.BROADCAST.value: MessageKind.BROADCAST,
}


def eligible(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, line: Sequence[InLine]
) -> list[InLine]:
    """Those in line whom this event concerns and who have no message for it yet."""
    contact_ids = [one.contact_id for one in line]
    have = under_way.has_event_message(tx, event_id=release.event_id, contact_ids=contact_ids)
    event = events.load_event(tx, release.event_id)
    coming: dict[int, set[int]] = {}
    if release.kind == EventKind.BACK_IN_STOCK:
        coming = under_way.variants_told_of(
            tx, product_id=release.product_id, contact_ids=contact_ids
        )
    owed: set[int] | None = None
    if event is not None and event.kind == EventKind.ETA_REVISED and AGAIN in event.facts:
        owed = may_hear(tx, shop, line, product_id=release.product_id, now=env.now())
    ends_for_any = release.kind != EventKind.DISCONTINUED or is_all_gone(tx, release.product_id)
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


def is_all_gone(tx: Transaction, product_id: int) -> bool:
    """Whether no variant of the product will come back: only then any of them is over, too."""
    ids = [one.id for one in catalogue.variants_of(tx, product_id)]
    beliefs = stock_store.load_stock(tx, ids)
    return all(
        id_ in beliefs and beliefs[id_].availability is Availability.DISCONTINUED for id_ in ids
    )


def enqueue(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    release: ReleaseRow,
    chosen: Sequence[InLine],
    *,
    now: datetime,
) -> None:
    kind = KINDS[release.kind]
    expires_at = now + env.config.delivery.alert_ttl
    soon(tx, Work.DELIVER)
    releases_again = outbox.rearm_skipped(
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
