"""Which rows is a message about an order line about, and what does the law make of them?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifier.domain.availability import Availability
from notifier.domain.order_delay import Standing, State, assess
from notifier.domain.stock import Stock
from notifier.log import log
from notifier.services.env import Env
from notifier.services.order_case import Case, load_cases
from notifier.services.order_wanted import Wanted, what_to_tell
from notifier.store import catalogue, orders
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

MOST_ALTERNATIVES = 4
_ENDED = frozenset({State.REFUND_DUE.value, State.REFUNDED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMatter:
    """All rows a message about an order line is about, and what the law makes of them.

    `wanted`: what the customer has to hear as of the claim. `alternatives`: variants that can be
    bought now instead. `goes_on`: another line of the same order is not cancelled.
    """

    case: Case
    standing: Standing
    wanted: Wanted | None = None
    variant: VariantRow | None = None
    alternatives: tuple[VariantRow, ...] = ()
    stock: Stock | None = None
    goes_on: bool = False


def load_matters(
    env: Env, tx: Transaction, messages: Sequence[MessageRow]
) -> dict[int, OrderMatter]:
    """By message id: what each of the messages about an order line needs."""
    now = env.now()
    about = {m.id: m.order_line_id for m in messages if m.order_line_id is not None}
    if not about:
        return {}
    cases = load_cases(tx, about.values())
    ids = {case.line.variant_id for case in cases.values() if case.line.variant_id is not None}
    variants = catalogue.find_variants(tx, ids)
    others = {
        id_: catalogue.find_variants_by_key(tx, one.shop_id, one.alternatives)
        for id_, one in variants.items()
        if one.alternatives
    }
    every = ids | {one.id for found in others.values() for one in found.values()}
    stock = stock_store.load_stock(tx, every)
    found: dict[int, OrderMatter] = {}
    for message_id, line_id in about.items():
        case = cases.get(line_id)
        if case is None:
            continue
        try:
            wanted = what_to_tell(case, now=now)
            standing = wanted.standing if wanted else assess(case.facts, now)
        except Exception:  # noqa: BLE001  one broken line must not stop the letters of the others
            log.exception("order line cannot be reckoned", line=line_id)
            continue
        variant = variants.get(case.line.variant_id or 0)
        keyed = others.get(variant.id, {}) if variant else {}
        found[message_id] = OrderMatter(
            case=case,
            standing=standing,
            wanted=wanted,
            variant=variant,
            alternatives=_on_offer(variant, keyed.values(), stock) if variant else (),
            stock=stock.get(variant.id) if variant else None,
            goes_on=standing.refund is not None and _goes_on(tx, case),
        )
    return found


def _on_offer(
    variant: VariantRow, others: Iterable[VariantRow], stock: dict[int, Stock]
) -> tuple[VariantRow, ...]:
    by_key = {one.key: one for one in others if one.published and one.id != variant.id}
    there = [
        by_key[key]
        for key in variant.alternatives
        if key in by_key
        and by_key[key].id in stock
        and stock[by_key[key].id].availability is Availability.IN_STOCK
    ]
    return tuple(there[:MOST_ALTERNATIVES])


def _goes_on(tx: Transaction, case: Case) -> bool:
    siblings = orders.lines_of_order(tx, case.order.id)
    return any(one.id != case.line.id and one.state not in _ENDED for one in siblings)
