"""What is to be known before a wave is planned?

For the strategy `adaptive`, what the shop's other releases have shown by now. For the others, which
do not ask, what is known of those told before: the merchant sees it with the wave. Both are read
before the transaction that opens the wave, so a long look back keeps nobody waiting; what those
told before have shown `adaptive` reads in it, because it goes by it.
"""

from __future__ import annotations

from typing import Any

from notifier.domain.adaptive import ADAPTIVE, known
from notifier.domain.adaptive_state import AdaptiveState, ShopHistory
from notifier.domain.stock import EventKind
from notifier.services.env import Env, ShopRef
from notifier.services.learn import learn_of_shop
from notifier.services.open_wave import units_for
from notifier.services.release_seen import release_seen, reports_purchases
from notifier.services.reserve import holds_units
from notifier.services.shop_history import history_of
from notifier.store import releases
from notifier.store.releases import CONTINUES, ReleaseRow
from notifier.store.session import Transaction

UNKNOWN = "unknown"  # among the facts of a wave: why a figure is missing
NO_RESTOCK, NO_LESSON, NO_SALES = "no_restock", "no_lesson", "no_sales"
_NOT_FOR_SALES = ("claims", "undecided", "bought", "buy_share", "low", "high")


def known_before(env: Env, release_id: int) -> dict[str, Any]:
    """Facts for the wave of a release that is opened next; none where its plan brings them.

    Of those told before: `told_before`, `looked`, `bought`; `claims`, the sales that may still
    come of them; `buy_share`, and `low` and `high` around it. What cannot be known is missing, and
    `unknown` says why.
    """
    with env.db.read() as tx:
        release = releases.load_release(tx, release_id)
        shop = env.shop_by_id(release.shop_id) if release else None
        if release is None or shop is None or release.wave_open:
            return {}
        if not _is_asked_for(release):
            return _known(env, tx, shop, release)
    if not release.waves:
        learn_of_shop(env, shop)
    return {}


def _is_asked_for(release: ReleaseRow) -> bool:
    return release.strategy["name"] == ADAPTIVE and not holds_units(release)


def _known(env: Env, tx: Transaction, shop: ShopRef, release: ReleaseRow) -> dict[str, Any]:
    if release.kind != EventKind.BACK_IN_STOCK:
        return {UNKNOWN: NO_RESTOCK}
    ids = [release.id, *release.strategy.get(CONTINUES, ())]
    if not releases.told_by(tx, ids):
        history = history_of(tx, shop, variant_id=release.variant_id, besides=release.id)
        if history == ShopHistory():
            return {"told_before": 0, "claims": 0.0, UNKNOWN: NO_LESSON}
        state = AdaptiveState(
            now=env.now(), stock=None, waiting=0, waiting_units=0, history=history
        )
        return known(state)
    units = units_for(env, tx, shop, release)
    state = release_seen(env, tx, shop, release, units=units, line=False)
    facts = known(state)
    if units is None and not _sales_are_seen(env, tx, shop, state):
        facts = {name: value for name, value in facts.items() if name not in _NOT_FOR_SALES}
        facts[UNKNOWN] = NO_SALES
    return facts


def _sales_are_seen(env: Env, tx: Transaction, shop: ShopRef, state: AdaptiveState) -> bool:
    """Whether anything says what is sold where the source does not say how many there are."""
    ever = bool(state.sales) or state.history.bought > ShopHistory().bought
    return ever or reports_purchases(env, tx, shop)
