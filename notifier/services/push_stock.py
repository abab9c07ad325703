"""What becomes of stock that a shop pushes: which variant is meant, and is it believed?

A row that names only a sku means the one variant that has it. A variant that was never seen is
stored under what the row calls it, so that nothing is lost; it is listed and counted, since it may
be a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from notifier.domain.observation import Observation
from notifier.errors import FieldProblem, InvalidInput, NotFound
from notifier.metrics import UNMATCHED_ROWS
from notifier.services.env import Env, ShopRef
from notifier.services.observe import Report, observe
from notifier.store import catalogue, skus

PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRow:
    """One row; the observation's key is empty when only a sku was given."""

    row: int
    seen: Observation


@dataclass(slots=True, kw_only=True)
class PushReport:
    accepted: int = 0
    refused: list[tuple[int, FieldProblem]] = field(default_factory=list)
    unmatched: list[tuple[int, str]] = field(default_factory=list)
    report: Report = field(default_factory=Report)


def source_name(shop: ShopRef) -> str:
    """The shop's source of kind `push`, else the one every shop has."""
    return next((name for name, one in shop.config.sources.items() if one.kind == PUSH), PUSH)


def push_stock(env: Env, shop: ShopRef, rows: Sequence[PushedRow]) -> PushReport:
    """Find the variants and believe the rows, as a look at any other source is believed."""
    done = PushReport()
    believed = _find_variants(env, shop, rows, done)
    if believed:
        done.report = observe(env, shop, believed, source=source_name(shop))
    if done.unmatched:
        UNMATCHED_ROWS.labels(shop=shop.slug).inc(len(done.unmatched))
    done.accepted = len(believed)
    return done


def _find_variants(
    env: Env, shop: ShopRef, rows: Sequence[PushedRow], done: PushReport
) -> list[Observation]:
    with env.db.read() as tx:
        known = set(
            catalogue.find_variants_by_key(
                tx, shop.id, (one.seen.key for one in rows if one.seen.key)
            )
        )
        by_sku = skus.keys_by_sku(tx, shop.id, (one.seen.sku for one in rows if not one.seen.key))
    found: list[Observation] = []
    for one in rows:
        seen = one.seen
        if not seen.key:
            keys = by_sku.get(seen.sku, [])
            if len(keys) > 1:
                done.refused.append((one.row, _ambiguous(seen.sku, keys)))
                continue
            seen = replace(seen, key=keys[0] if keys else seen.sku)
            known.update(keys)
        if seen.key not in known:
            known.add(seen.key)
            done.unmatched.append((one.row, seen.key))
        found.append(seen)
    return found


def find_key(env: Env, shop: ShopRef, *, variant: str, sku: str) -> str:
    """The key of the variant that is meant. Raises errors.InvalidInput and NotFound."""
    if variant:
        return variant
    if not sku:
        raise InvalidInput.of("variant", "missing", "Name the variant, or its sku.")
    with env.db.read() as tx:
        keys = skus.keys_by_sku(tx, shop.id, [sku]).get(sku, [])
    if len(keys) > 1:
        raise InvalidInput(_ambiguous(sku, keys))
    if not keys:
        raise NotFound(f"There is no variant with the sku {sku[:80]!r} in this shop.", field="sku")
    return keys[0]


def _ambiguous(sku: str, keys: list[str]) -> FieldProblem:
    return FieldProblem(
        field="sku",
        code="ambiguous",
        message=f"{len(keys)} variants have the sku {sku!r}. Name the variant instead.",
    )
