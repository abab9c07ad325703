"""Can the next stretch of a release's line be told with one statement, and is it?

Where everybody in line is to be told the same, in the order of asking, and nothing else about the
product is on its way to anybody: the usual release of the strategy `all`. Elsewhere each person is
looked at (services/announce.py).
"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.message import MessageKind, priority_of
from notifier.domain.stock import EventKind
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.eta_notice import ONLY_PHYSICAL
from notifier.services.line_up import PLACES
from notifier.services.reserve import HOLD_FOR
from notifier.services.write_message import channel_name
from notifier.store import events, wave_rows
from notifier.store.events import EventRow
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction
from notifier.store.wave_rows import Stretched, WaveRows

STRETCH = 3_000  # places a transaction: it holds the writer for less than 150 ms
_KINDS = {
    EventKind.BACK_IN_STOCK.value: MessageKind.BACK_IN_STOCK,
    EventKind.PREORDER_OPEN.value: MessageKind.PREORDER_OPEN,
}


def tell_stretch(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> Stretched | None:
    """Messages for the next STRETCH places; None where people have to be looked at one by one."""
    kind = _KINDS.get(release.kind)
    event = events.load_event(tx, release.event_id)
    if kind is None or event is None or not _tells_everybody(release):
        return None
    priority = priority_of(kind).value
    elsewhere = wave_rows.is_told_elsewhere(
        tx,
        release_id=release.id,
        product_id=release.product_id,
        channels=sorted(env.config.channels),
        priority=priority,
    )
    whom = _whom(event)
    if elsewhere or not whom or wave_rows.has_gone_rows(tx, release.id):
        return None
    rows = WaveRows(
        shop_id=shop.id,
        release_id=release.id,
        event_id=release.event_id,
        product_id=release.product_id,
        variant_id=release.variant_id,
        wave=release.waves,
        kind=kind.value,
        priority=priority,
        mail_channel=channel_name(shop, "email"),
        sms_channel=channel_name(shop, "sms"),
        physical=None if len(whom) == 2 else whom == {True},
        now=now,
        expires_at=now + env.config.delivery.alert_ttl,
    )
    told = wave_rows.insert_wave(tx, rows, after=release.place, limit=STRETCH)
    log.info("wave enqueued", release=release.id, messages=told.people)
    return told


def _tells_everybody(release: ReleaseRow) -> bool:
    limits = (release.people_left, release.units_left, release.largest)
    special = (release.strategy.get(PLACES), release.strategy.get(HOLD_FOR))
    return release.waves == 1 and limits == (None, None, None) and not any(special)


def _whom(event: EventRow) -> set[bool]:
    """Whom the event concerns (services/announce.py): those who want nothing but goods that are
    there (True), the others (False), or both."""
    ahead = event.kind == EventKind.PREORDER_OPEN
    there = not ahead and event.facts.get("availability") != "backorder"
    whom = {True} if there else set()
    return whom if event.facts.get(ONLY_PHYSICAL) else whom | {False}
