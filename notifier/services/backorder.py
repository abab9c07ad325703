"""Are orders taken for what is not there? Decided anew whenever the facts change, and told.

Where a shop counts backorders as available, stopping makes a variant unavailable and accepting
makes it available again; sign-ups and messages then follow by themselves, as for any stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.backorder import ORDERED_AHEAD, Decision, Reason, Taking, decide
from notifier.domain.observation import Observation
from notifier.domain.stock import Level, Stock, Verdict, level_of, weigh_again
from notifier.log import log
from notifier.services.backorder_facts import gather, rules_of
from notifier.services.env import Env, ShopRef, rules_for
from notifier.services.hook_out import tell_webhooks
from notifier.services.note_changes import note_changes
from notifier.store import backorders, catalogue
from notifier.store import stock as stock_store
from notifier.store.backorders import BackorderRow
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

CHUNK = 200  # variants a transaction
CHANGED = "backorder.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What holds for shoppers: the rules' decision, or a person's word over it."""

    decision: Taking
    reason: Reason
    is_stored: bool = True  # False: the facts have changed since it was stored


def in_force(row: BackorderRow | None) -> InForce:
    """What the stored row says. Nothing decided yet: orders are taken."""
    if row is None:
        return InForce(decision=Taking.ACCEPT, reason=Reason.NONE)
    if row.override:
        return InForce(decision=Taking(row.override), reason=Reason.OVERRIDE)
    return InForce(decision=Taking(row.decision), reason=Reason(row.reason))


def look_at(
    env: Env, tx: Transaction, shop: ShopRef, variant_id: int, belief: Stock | None
) -> InForce | None:
    """What holds for one variant at this moment; None where it cannot be ordered ahead."""
    if belief is None or belief.availability not in ORDERED_AHEAD:
        return None
    decided = backorders.load_decisions(tx, [variant_id])
    row = decided.get(variant_id)
    fresh = _decide(env, tx, shop, {variant_id: belief}, decided=decided)[variant_id]
    told = in_force(row)
    if row is not None and row.override:
        return told
    is_stored = row is not None and (row.decision, row.reason) == (fresh.decision, fresh.reason)
    return InForce(decision=fresh.decision, reason=fresh.reason, is_stored=is_stored)


def redecide_all(env: Env) -> int:
    """Decide anew about everything that is on backorder or pre-order; how many rows changed.

    In pieces of `CHUNK` by variant id, each in a transaction of its own.
    """
    changed, after = 0, 0
    while True:
        with env.db.read() as tx:
            ids = backorders.to_decide(tx, after=after, limit=CHUNK)
        if not ids:
            return changed
        changed += env.db.retry(lambda tx, ids=ids: redecide(env, tx, ids))  # type: ignore[misc]
        after = ids[-1]


def redecide(env: Env, tx: Transaction, variant_ids: Iterable[int]) -> int:
    """Decide anew about these variants; how many rows changed.

    Those that are not on backorder or pre-order are passed over. Writes nothing when nothing
    changed. Call it after a change of ETA, of open order lines, or of what is expected.
    """
    variants = catalogue.find_variants(tx, variant_ids)
    beliefs = stock_store.load_stock(tx, variants)
    decided = backorders.load_decisions(tx, variants)
    asked = {
        id_: belief
        for id_, belief in beliefs.items()
        if belief.availability in ORDERED_AHEAD
        or (belief.availability is Availability.DISCONTINUED and id_ in decided)
    }
    changed = 0
    for shop, ids in _by_shop(env, variants, asked):
        found = _decide(env, tx, shop, {id_: asked[id_] for id_ in ids}, decided=decided)
        for id_ in ids:
            before = decided.get(id_)
            is_new = _store(env, tx, shop, variants[id_], before, _values(env, before, found[id_]))
            changed += is_new
            if is_new or (variants[id_].orders_stopped and asked[id_].level > Level.NONE):
                _settle_level(env, tx, shop, id_)
    return changed


def decide_as_seen(env: Env, tx: Transaction, shop: ShopRef, seen: Sequence[Observation]) -> None:
    """Decide about what a look is about to show on backorder or pre-order, before it is believed:
    what cannot be ordered is not announced first."""
    ahead = {one.key: one for one in seen if one.availability in ORDERED_AHEAD}
    if not ahead:
        return
    variants = catalogue.find_variants_by_key(tx, shop.id, ahead)
    stored = stock_store.load_stock(tx, (row.id for row in variants.values()))
    beliefs = {
        row.id: _as_seen(stored[row.id], ahead[key])
        for key, row in variants.items()
        if row.id in stored
    }
    decided = backorders.load_decisions(tx, beliefs)
    found = _decide(env, tx, shop, beliefs, decided=decided, fresh=tuple(beliefs))
    for row in variants.values():
        if row.id in found:
            before = decided.get(row.id)
            _store(env, tx, shop, row, before, _values(env, before, found[row.id]))


def store_change(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: BackorderRow | None,
    values: dict[str, Any],
) -> bool:
    """Store a person's word and let follow what follows. False: somebody else was quicker."""
    is_stored = _store(env, tx, shop, variant, before, values)
    if is_stored:
        _settle_level(env, tx, shop, variant.id)
    return is_stored


def _by_shop(
    env: Env, variants: dict[int, VariantRow], asked: Iterable[int]
) -> list[tuple[ShopRef, list[int]]]:
    by_shop: dict[int, list[int]] = {}
    for id_ in sorted(asked):
        by_shop.setdefault(variants[id_].shop_id, []).append(id_)
    found = ((env.shop_by_id(shop_id), ids) for shop_id, ids in by_shop.items())
    return [(shop, ids) for shop, ids in found if shop is not None]


def _decide(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    beliefs: dict[int, Stock],
    *,
    decided: dict[int, BackorderRow],
    fresh: Sequence[int] = (),
) -> dict[int, Decision]:
    facts = gather(env, tx, shop, beliefs, decided=decided, fresh=fresh)
    rules = rules_of(shop)
    return {id_: decide(one, rules) for id_, one in facts.items()}


def _as_seen(belief: Stock, seen: Observation) -> Stock:
    """What will be believed, as far as the decision asks."""
    eta = seen.eta if seen.eta is not None and seen.eta.iso() is not None else belief.eta
    return replace(belief, availability=seen.availability, eta=eta)


def _values(env: Env, before: BackorderRow | None, found: Decision) -> dict[str, Any]:
    """The columns that are to change; empty when all is as it was."""
    kept = {k: v for k, v in (before.facts if before else {}).items() if k == "expected_units"}
    facts = {**kept, **found.facts}
    same = before is not None and (before.decision, before.reason) == (found.decision, found.reason)
    if same and before is not None and before.facts == facts:
        return {}
    values = {"decision": found.decision.value, "reason": found.reason.value, "facts": facts}
    return values if same else {**values, "decided_at": env.now()}


def _store(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    variant: VariantRow,
    before: BackorderRow | None,
    values: dict[str, Any],
) -> bool:
    """Write the row, and tell the shop's software when something else holds now. False: nothing
    was to be written, or somebody else was quicker."""
    if not values or not backorders.put_decision(tx, variant.id, before=before, **values):
        return False
    was = in_force(before)
    now = in_force(backorders.load_decisions(tx, [variant.id])[variant.id])
    if (was.decision, was.reason) != (now.decision, now.reason):
        told = {"variant": variant.key, "decision": now.decision.value, "reason": now.reason.value}
        tell_webhooks(env, tx, shop, CHANGED, told)
        log.info("backorders decided", shop=shop.slug, **told)
    return True


def _settle_level(env: Env, tx: Transaction, shop: ShopRef, variant_id: int) -> None:
    """Believe at once what the decision makes of a variant that counts as available."""
    if not shop.config.stock.backorder_counts:
        return
    variant = catalogue.find_variants(tx, [variant_id])[variant_id]
    before = stock_store.load_stock(tx, [variant_id], for_update=True)[variant_id]
    rules, now = rules_for(shop.config, variant), env.now()
    level = level_of(before.availability, before.quantity, rules=rules)
    if level < before.level:
        verdict = Verdict(
            stock=replace(
                before, level=level, level_since=now, candidate_since=None, candidate_seen=0
            )
        )
    else:
        verdict = weigh_again(before, still_so=True, rules=rules, now=now)
    if verdict.stock != before:
        source = stock_store.source_of(tx, variant_id)
        stock_store.save_stock(tx, variant_id, before=before, after=verdict.stock, source=source)
    note_changes(tx, shop, variant, verdict, now=now)
