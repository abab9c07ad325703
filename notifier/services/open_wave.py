"""How large is the next wave of a release, and when is it looked at again?

Decided in the transaction that moves the release on, from what stock, messages, clicks and sales
say at that moment. The reason and the facts it rests on are kept with the wave.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from notifier.domain.adaptive import ADAPTIVE
from notifier.domain.order_delay.states import OPEN
from notifier.domain.stock import EventKind, saleable
from notifier.domain.waves import ReleaseState, Strategy, WavePlan, plan_wave
from notifier.services.asleep import has_limit
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.release_seen import release_seen
from notifier.services.reserve import holds_units, plan_reserved
from notifier.services.texts_held import take_back
from notifier.store import catalogue, orders, releases, waves
from notifier.store import stock as stock_store
from notifier.store.releases import LAST_LOOK, ReleaseRow
from notifier.store.session import Transaction

AGAIN_IN = "again_in"  # among the facts of a wave: seconds until the next one is planned
USUALLY = timedelta(minutes=30)


def open_wave(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    release: ReleaseRow,
    *,
    known: Mapping[str, Any],
) -> ReleaseRow | None:
    """The release with its next wave open; None where nobody is told now, and it is looked at
    again when the plan says so. `known`: facts that the wave shows besides those of its plan."""
    now = env.now()
    if has_limit(release):
        release = take_back(tx, shop, release, now=now)
    plan = plan_for(env, tx, shop, release)
    if plan.people == 0:
        again = plan.again_in or USUALLY
        strategy = with_look(release, reason=plan.reason, facts=plan.facts, now=now)
        releases.update_release(tx, release.id, next_wave_at=now + again, strategy=strategy)
        return None
    facts = {**known, **plan.facts}
    if plan.again_in is not None:
        facts[AGAIN_IN] = plan.again_in.total_seconds()
    waves.add_wave(
        tx,
        release.id,
        number=release.waves + 1,
        at=now,
        stock_seen=units_for(env, tx, shop, release),
        planned=plan.people,
        reason=plan.reason,
        facts=facts,
    )
    releases.update_release(
        tx,
        release.id,
        waves=release.waves + 1,
        wave_open=True,
        strategy={name: value for name, value in release.strategy.items() if name != LAST_LOOK},
        people_left=plan.people,
        units_left=plan.units,
        largest=plan.largest,
        cursor_at=None,  # from the head of the line: who was passed over comes first again
        cursor_id=None,
    )
    opened = releases.load_release(tx, release.id)
    if opened is None:
        raise LookupError(f"release {release.id} vanished while its row was locked")
    return opened


def with_look(
    release: ReleaseRow, *, reason: str, facts: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Its rules, and why nobody was told when it was looked at now."""
    look = {"at": now.isoformat(), "reason": reason, "facts": dict(facts)}
    return {**release.strategy, LAST_LOOK: look}


def units_for(env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow) -> int | None:
    """Units that may be sold to those who wait; None: there, but the source does not say how
    many."""
    belief = stock_store.load_stock(tx, [release.variant_id]).get(release.variant_id)
    variant = catalogue.find_variants(tx, [release.variant_id]).get(release.variant_id)
    units = saleable(belief.quantity if belief else None, rules=rules_for(shop.config, variant))
    if units is not None and release.kind == EventKind.BACK_IN_STOCK:
        # what those wait for who have bought is promised to nobody else
        _, bought = orders.open_units(tx, release.variant_id, states=OPEN)
        units = max(units - bought, 0)
    return units


def plan_for(env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow) -> WavePlan:
    """What the release's strategy would do now."""
    # before the units: else what is sold and seen between the two would be in neither
    seen_at = stock_store.vouched_at(tx, shop.id, [release.variant_id]).get(release.variant_id)
    units = units_for(env, tx, shop, release)
    if holds_units(release):
        return plan_reserved(tx, release, units=units, seen_at=seen_at, now=env.now())
    strategy = strategy_of(release)
    is_adaptive = strategy.name == ADAPTIVE
    seen = release_seen(env, tx, shop, release, units=units) if is_adaptive else None
    state = ReleaseState(
        quantity=units,
        units_told=release.units_told,
        waves=release.waves,
        adaptive=seen,
    )
    return plan_wave(state, strategy=strategy)


def strategy_of(release: ReleaseRow) -> Strategy:
    """As it was when the release started."""
    written = release.strategy
    return Strategy(
        name=written["name"],
        rate=written["rate"],
        size=written["size"],
        interval=timedelta(seconds=written["interval"]),
        cautious=float(written.get("cautious", 1.0)),
    )


def time_between(tx: Transaction, release: ReleaseRow) -> timedelta:
    """From the end of the wave under way to the next look, as its plan said."""
    planned = waves.wave_facts(tx, release.id, number=release.waves).get(AGAIN_IN)
    return timedelta(seconds=float(planned or release.strategy["interval"]))
