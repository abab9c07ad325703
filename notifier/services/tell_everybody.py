"""Can the next stretch of a release's line be told with one statement, and is it?

Where all in it are to be told the same, in the order of asking, and nothing else about the product
is on its way to anybody: the usual release. Elsewhere each person is looked at
(services/tell_each.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from notifier.domain.message import priority_of
from notifier.domain.stock import EventKind
from notifier.log import log
from notifier.services.asleep import passes_over
from notifier.services.env import Env, ShopRef
from notifier.services.eta_notice import ONLY_PHYSICAL
from notifier.services.line_up import PLACES, WHOLE_PRODUCT
from notifier.services.reserve import HOLD_FOR
from notifier.services.tell_each import KINDS, is_all_gone
from notifier.services.write_message import channel_name
from notifier.store import events, wave_rows
from notifier.store.events import EventRow
from notifier.store.releases import ReleaseRow
from notifier.store.session import Transaction
from notifier.store.wave_rows import Stretched, WaveRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A stretch, and whether it filled the wave while others come behind."""

    stretch: Stretched
    full: bool


def tell_stretch(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime
) -> Told | None:
    """Messages for the next places; None where people have to be looked at one by one."""
    event = events.load_event(tx, release.event_id)
    limit = _limit(release, most=env.pace.people)
    if event is None or limit is None or not _whom(event):
        return None
    rows = _rows(env, tx, shop, release, event, now=now)
    if _has_exceptions(env, tx, release, priority=rows.priority):
        return None
    if passes_over(tx, shop, release, now=now) and wave_rows.is_anybody_texted(
        tx, rows, after=release.place, among=limit
    ):
        return None
    env.pace.begin()
    told = wave_rows.insert_wave(
        tx, rows, after=release.place, limit=limit, most_units=release.units_left
    )
    if told is None:
        return None
    env.pace.looked_at(limit if told.end else told.people)
    log.info("wave enqueued", release=release.id, messages=told.people)
    is_full = told.people == release.people_left or told.units == release.units_left
    if not is_full or told.end is None:
        return Told(stretch=told, full=False)
    if wave_rows.is_anybody_behind(tx, rows, told.end):
        return Told(stretch=told, full=True)
    return Told(stretch=replace(told, end=None), full=False)


def _limit(release: ReleaseRow, *, most: int) -> int | None:
    """How many places may be told at a time; None where each person is to be looked at."""
    special = (release.strategy.get(PLACES), release.strategy.get(HOLD_FOR))
    left = [one for one in (release.people_left, release.units_left) if one is not None]
    if any(special) or release.kind == EventKind.ETA_REVISED or any(one < 1 for one in left):
        return None
    return min([most, *left])


def _has_exceptions(env: Env, tx: Transaction, release: ReleaseRow, *, priority: int) -> bool:
    """Whether some in line have a message that says it already, or one that can be woken."""
    if release.kind != EventKind.BACK_IN_STOCK:
        return False
    return wave_rows.has_skipped_rows(tx, release.id) or wave_rows.is_told_elsewhere(
        tx,
        release_id=release.id,
        product_id=release.product_id,
        channels=sorted(env.config.channels),
        priority=priority,
    )


def _rows(
    env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow, event: EventRow, *, now: datetime
) -> WaveRows:
    kind = KINDS[release.kind]
    whom = _whom(event)
    return WaveRows(
        shop_id=shop.id,
        release_id=release.id,
        event_id=event.id,
        product_id=release.product_id,
        variant_id=None if release.strategy.get(WHOLE_PRODUCT) else release.variant_id,
        with_any=release.kind != EventKind.DISCONTINUED or is_all_gone(tx, release.product_id),
        physical=None if len(whom) == 2 else whom == {True},
        largest=release.largest,
        started_at=release.started_at,
        wave=release.waves,
        kind=kind.value,
        priority=priority_of(kind).value,
        mail_channel=channel_name(shop, "email"),
        sms_channel=channel_name(shop, "sms"),
        now=now,
        expires_at=now + env.config.delivery.alert_ttl,
    )


def _whom(event: EventRow) -> set[bool]:
    """Whom the event concerns (services/tell_each.py): those who want nothing but goods that are
    there (True), the others (False), or both."""
    ahead = event.kind == EventKind.PREORDER_OPEN
    there = not ahead and event.facts.get("availability") != "backorder"
    whom = {True} if there else set()
    return whom if event.facts.get(ONLY_PHYSICAL) else whom | {False}
