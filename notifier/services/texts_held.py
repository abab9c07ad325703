"""Does no text of a shop leave now, why, and what follows when texts leave again?

The day's money is spent, or their channel is switched off. A text that waits for that lays no claim
on goods while others stand behind (docs/decisions/0058).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.message import Medium
from notifier.domain.work import Work
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.store import releases, switches, taken_back, waves
from notifier.store.releases import LAST_LOOK, ReleaseRow
from notifier.store.session import Transaction, soon

SPENT, PAUSED = "spent", "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`why`: SPENT or PAUSED. `until` None: until somebody switches the channel on."""

    why: str
    until: datetime | None


def why_held(tx: Transaction, shop: ShopRef, *, now: datetime) -> Held | None:
    """Why no text of the shop leaves now; None where they do."""
    channel = shop.config.sms_channel
    if not channel:
        return None
    off = switches.all_off(tx, now=now)
    for name, why in (
        (switches.of_spending(channel), SPENT),
        (switches.of_spending(channel, shop=shop.slug), SPENT),
        (switches.of_channel(channel), PAUSED),
    ):
        if name in off:
            return Held(why=why, until=off[name].until)
    return None


def note_spent(
    tx: Transaction, channel: str, *, shop: str, why: str, now: datetime, rest: timedelta
) -> None:
    """No more may be spent on a channel today, by all shops or, where one is named, by it."""
    name = switches.of_spending(channel, shop=shop)
    if name not in switches.all_off(tx, now=now):
        by = switches.ITSELF
        switches.turn(tx, name, off=True, why=why, by=by, at=now, until=now + rest)


def spending_switches(env: Env, channel: str) -> set[str]:
    """Those of the channel, for all shops together and for each."""
    slugs = ("", *env.shops)
    return {switches.of_spending(channel, shop=slug) for slug in slugs}


def take_back(tx: Transaction, shop: ShopRef, release: ReleaseRow, *, now: datetime) -> ReleaseRow:
    """Where no text leaves now: those that a release with a limit has written and that have not
    left are no messages any more, and who was to get them stands in line again, at the old place.
    The release as it is then."""
    held = why_held(tx, shop, now=now)
    if held is None:
        return release
    by_wave = taken_back.take_back(tx, release.id, medium=Medium.SMS.value, now=now)
    for number, (people, _) in by_wave.items():
        facts = waves.wave_facts(tx, release.id, number=number)
        passed = {held.why: facts.get(held.why, 0) + people}
        waves.note_fact(tx, release.id, number=number, **passed)
        waves.count_told(tx, release.id, number=number, told=-people)
    if by_wave:
        people, units = (sum(column) for column in zip(*by_wave.values(), strict=True))
        told = {"told": release.told - people, "units_told": release.units_told - units}
        releases.update_release(tx, release.id, **told)
        log.info("texts taken back", release=release.id, count=people, why=held.why)
    return releases.load_release(tx, release.id) or release


def texts_go_on(env: Env, tx: Transaction, channel: str) -> None:
    """The channel is set up anew: what it may spend is another amount, and a release that waited
    for nothing but texts goes on at once."""
    now = env.now()
    shops = [one for one in env.shops.values() if one.config.sms_channel == channel]
    for name in switches.all_off(tx, now=now).keys() & spending_switches(env, channel):
        switches.turn(tx, name, off=False, why="set up anew", by="settings", at=now)
    rules = {f"all_{why}" for why in (SPENT, PAUSED)}
    for one in releases.waiting_releases(tx, shop_ids=[shop.id for shop in shops], now=now):
        if one.strategy.get(LAST_LOOK, {}).get("facts", {}).get("rule") in rules:
            releases.update_release(tx, one.id, next_wave_at=now)
            soon(tx, Work.ANNOUNCE)
