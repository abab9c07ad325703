"""What can the customer of an order line have at once instead of what he waits for?

Only what is really there, in the quantity wanted, and costs no more than was paid: a click on a
page must not make anybody owe money.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.business_days import add_business_days
from notifier.domain.eta import Eta
from notifier.domain.order_delay import Standing
from notifier.domain.order_delay.states import OPEN
from notifier.domain.stock import Level, Stock
from notifier.services.order_case import Case
from notifier.services.order_follow import estimate_facts
from notifier.store import catalogue, orders
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.session import Transaction

SOURCE = "in stock"
DAYS_TO_SHIP = 2  # business days


def swaps_for(tx: Transaction, case: Case, *, for_update: bool = False) -> list[VariantRow]:
    """The alternatives of the line's variant that can be had now, in the merchant's order.

    `for_update`: their stock stays as it is until we commit.
    """
    line = case.line
    if line.variant_id is None:
        return []
    variant = catalogue.find_variants(tx, [line.variant_id]).get(line.variant_id)
    if variant is None or not variant.alternatives:
        return []
    known = catalogue.find_variants_by_key(tx, line.shop_id, variant.alternatives)
    beliefs = stock_store.load_stock(tx, [one.id for one in known.values()], for_update=for_update)
    ordered = [known[key] for key in dict.fromkeys(variant.alternatives) if key in known]
    return [
        one
        for one in ordered
        if one.id != line.variant_id
        and one.published
        and _is_there(tx, one.id, beliefs.get(one.id), line.quantity)
        and _costs_no_more(one, case)
    ]


def _is_there(tx: Transaction, variant_id: int, belief: Stock | None, quantity: int) -> bool:
    """Whether enough is there for this line and for all others that wait for the same."""
    if belief is None or belief.level is not Level.THERE:
        return False
    if belief.quantity is None:
        return True
    _, promised = orders.open_units(tx, variant_id, states=OPEN)
    return belief.quantity >= promised + quantity


def _costs_no_more(variant: VariantRow, case: Case) -> bool:
    paid = case.line.price
    if paid is None or variant.price is None:
        return paid is None and variant.price is None
    same_money = not variant.currency or variant.currency == case.line.currency
    return same_money and variant.price <= paid


def swap_estimate(case: Case, standing: Standing, *, now: datetime) -> dict[str, Any]:
    """The facts of the ESTIMATE event: it ships on the second business day from now."""
    day = add_business_days(local_day(case, now), DAYS_TO_SHIP, holidays=standing.pack.holidays)
    return estimate_facts(Eta.on(day), source=SOURCE, scope="line")


def local_day(case: Case, at: datetime) -> date:
    """The day at the ship-to place."""
    return at.astimezone(ZoneInfo(case.order.zone)).date()


def as_sold(variant: VariantRow) -> str:
    """The title under which it is kept as sold."""
    named = variant.product_title or variant.title or variant.key
    return f"{named}, {variant.title}" if variant.product_title and variant.title else named
