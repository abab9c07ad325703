"""What becomes worth telling although no look shows anything new?

A restock within the cool-down is owed until the cool-down is over. A rise that had to be seen
several times is confirmed by a source that says "not modified", and by one that tells only what
changes and has fallen silent. Without this a shop that pushes once would be waited for for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

from notifier.config import Shop
from notifier.domain.stock import weigh_again as weigh_once_more
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.note_changes import hold_abnormal, note_changes
from notifier.services.touch_orders import concerns_orders, touch_orders
from notifier.store import catalogue
from notifier.store import stock as stock_store
from notifier.store.session import Transaction

CHUNK = 200
PUSH = "push"


def weigh_again(env: Env, shop: ShopRef, *, unmodified: str = "") -> int:
    """Weigh what is unsettled in a shop; how many restocks were announced.

    `unmodified` names a source that said so this moment: then only what it spoke of is weighed,
    and its word counts as one more look.
    """
    with env.db.read() as tx:
        by_source = stock_store.unsettled(tx, shop.id)
    announced = 0
    for source, ids in by_source.items():
        if unmodified and source != unmodified:
            continue
        still_so = bool(unmodified) or _tells_only_changes(shop.config, source)
        announced += _weigh(env, shop, ids, source=source, still_so=still_so)
    return announced


def _tells_only_changes(shop: Shop, source: str) -> bool:
    section = shop.sources.get(source)
    return section.kind == PUSH if section else source == PUSH


def _weigh(env: Env, shop: ShopRef, ids: Sequence[int], *, source: str, still_so: bool) -> int:
    hold_id = None
    if len(ids) > shop.config.stock.brake_count:
        hold_id = _brake(env, shop, ids, source=source, still_so=still_so)
    announced = 0
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        announced += env.db.retry(
            lambda tx, some=some: _apply(  # type: ignore[misc]
                env, tx, shop, some, source=source, still_so=still_so, hold_id=hold_id
            )
        )
    return announced


def _brake(
    env: Env, shop: ShopRef, ids: Sequence[int], *, source: str, still_so: bool
) -> int | None:
    with env.db.read() as tx:
        variants = catalogue.find_variants(tx, ids)
        beliefs = stock_store.load_stock(tx, ids)
        size = catalogue.count_variants(tx, shop.id)
    verdicts = (
        weigh_once_more(
            belief,
            still_so=still_so,
            rules=rules_for(shop.config, variants.get(id_)),
            now=env.now(),
        )
        for id_, belief in beliefs.items()
    )
    count = sum(bool(verdict.changes) for verdict in verdicts)
    return hold_abnormal(env, shop, count=count, source=source, catalogue_size=size)


def _apply(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    ids: Sequence[int],
    *,
    source: str,
    still_so: bool,
    hold_id: int | None,
) -> int:
    now = env.now()
    variants = catalogue.find_variants(tx, ids)
    announced = 0
    bought: list[int] = []
    for id_, before in stock_store.load_stock(tx, ids, for_update=True).items():
        rules = rules_for(shop.config, variants[id_])
        verdict = weigh_once_more(before, still_so=still_so, rules=rules, now=now)
        if verdict.stock != before:
            stock_store.save_stock(tx, id_, before=before, after=verdict.stock, source=source)
        if concerns_orders(before, verdict.stock):
            bought.append(id_)
        announced += note_changes(tx, shop, variants[id_], verdict, now=now, hold_id=hold_id)
    touch_orders(tx, bought, now=now)
    return announced
