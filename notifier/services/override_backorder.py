"""How does a merchant see what was decided about backorders, and decide otherwise?

A person's word stands until it is taken back, and is in the audit book with who and why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from notifier.domain.backorder import ORDERED_AHEAD, explain
from notifier.errors import Conflict, InvalidInput
from notifier.services.backorder import in_force, redecide, store_change
from notifier.services.backorder_facts import expected_units
from notifier.services.env import Env, ShopRef
from notifier.services.known_variant import known_variant
from notifier.store import backorders, ledger
from notifier.store import stock as stock_store
from notifier.store.backorders import BackorderRow
from notifier.store.session import Transaction

AUTOMATIC = ""
LONGEST_WHY = 1_000
LONGEST_BY = 128
MOST_UNITS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A decision as a merchant sees it. `by_rules…` is what would hold without a person's word."""

    id: int
    variant: str
    availability: str
    decision: str
    reason: str
    by_rules: str
    by_rules_reason: str
    sentence: str  # of `by_rules_reason`
    expected_units: int | None
    decided_at: datetime
    override: str
    override_by: str
    override_why: str
    override_at: datetime | None


def list_backorders(env: Env, shop: ShopRef, *, after: int = 0, limit: int = 50) -> list[Shown]:
    """What holds for each variant that is on backorder or pre-order, by our own id."""
    with env.db.read() as tx:
        found = backorders.list_decisions(tx, shop.id, after=after, limit=limit)
    return [_shown(one.variant, one.availability, one.row) for one in found]


def show_backorder(env: Env, shop: ShopRef, variant: str) -> Shown:
    """What holds for one variant now. Raises errors.NotFound and Conflict."""
    return _change(env, shop, variant, {})


def override(env: Env, shop: ShopRef, variant: str, word: str, *, by: str, why: str) -> Shown:
    """Let a person's word stand over the rules: accept, stop, or AUTOMATIC to follow them again.

    Raises errors.NotFound, InvalidInput without a reason, and Conflict for what is neither on
    backorder nor on pre-order.
    """
    if not why.strip():
        raise InvalidInput.of("why", "missing", "Say why, so that it can be understood later.")
    values = {
        "override": word,
        "override_by": by[:LONGEST_BY] if word else "",
        "override_why": why.strip()[:LONGEST_WHY] if word else "",
        "override_at": env.now() if word else None,
    }
    noted = {"override": word or "automatic", "by": by[:LONGEST_BY], "why": why[:LONGEST_WHY]}
    return _change(env, shop, variant, values, noted=noted)


def expect_units(env: Env, shop: ShopRef, variant: str, units: int | None, *, by: str) -> Shown:
    """Say how many units are coming, None when that is not known. Raises as `override`."""
    if units is not None and not 0 <= units <= MOST_UNITS:
        raise InvalidInput.of(
            "expected_units", "out_of_range", f"{units} is not between 0 and {MOST_UNITS}."
        )
    noted = {"expected_units": units, "by": by[:LONGEST_BY]}
    return _change(env, shop, variant, {}, noted=noted, units=(units,))


def _change(
    env: Env,
    shop: ShopRef,
    variant: str,
    values: dict[str, Any],
    *,
    noted: dict[str, Any] | None = None,
    units: tuple[int | None, ...] = (),
) -> Shown:
    def work(tx: Transaction) -> Shown:
        found = known_variant(tx, shop, variant)
        belief = stock_store.load_stock(tx, [found.id]).get(found.id)
        if belief is None or belief.availability not in ORDERED_AHEAD:
            word = belief.availability.value if belief else "unknown"
            raise Conflict(
                "not_ordered_ahead",
                f"{found.key!r} is {word}. Only what is on backorder or pre-order is decided on.",
            )
        redecide(env, tx, [found.id])
        before = backorders.load_decisions(tx, [found.id])[found.id]
        changes = dict(values)
        if units:
            changes["facts"] = {**before.facts, "expected_units": units[0]}
        if changes and not store_change(env, tx, shop, found, before, changes):
            raise Conflict("busy", "Somebody else decides about this now. Ask again in a moment.")
        if noted is not None:
            facts = {"variant": found.key, "was": before.override or "automatic", **noted}
            act = "backorder.expected" if units else "backorder.override"
            ledger.append(tx, book="audit", act=act, at=env.now(), facts=facts, shop_id=shop.id)
        redecide(env, tx, [found.id])
        row = backorders.load_decisions(tx, [found.id])[found.id]
        return _shown(found.key, belief.availability.value, row)

    return env.db.retry(work)


def _shown(variant: str, availability: str, row: BackorderRow) -> Shown:
    now = in_force(row)
    rules = in_force(replace(row, override=AUTOMATIC))
    return Shown(
        id=row.variant_id,
        variant=variant,
        availability=availability,
        decision=now.decision.value,
        reason=now.reason.value,
        by_rules=rules.decision.value,
        by_rules_reason=rules.reason.value,
        sentence=explain(rules.reason, row.facts),
        expected_units=expected_units(row),
        decided_at=row.decided_at,
        override=row.override,
        override_by=row.override_by,
        override_why=row.override_why,
        override_at=row.override_at,
    )
