"""Which customers who have bought are concerned by what was just seen of stock?

Lines that wait for a variant are looked at anew when it arrives, when more of it comes, when it is
gone again or discontinued, and when its expected date changes. The job does that; here it is only
said.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from notifier.domain.availability import Availability
from notifier.domain.stock import Level, Stock
from notifier.store import orders
from notifier.store.session import Transaction


def concerns_orders(before: Stock | None, after: Stock) -> bool:
    """Whether who has bought a variant may have to hear of this change of belief."""
    if before is None:
        return after.eta is not None or after.level is Level.THERE
    if before.level != after.level or before.eta != after.eta:
        return True
    discontinued = Availability.DISCONTINUED
    if (before.availability is discontinued) != (after.availability is discontinued):
        return True
    return after.level is Level.THERE and before.quantity != after.quantity


def touch_orders(tx: Transaction, variant_ids: Iterable[int], *, now: datetime) -> int:
    """Let the job look at the lines that wait for these variants; how many lines."""
    wanted = list(variant_ids)
    return orders.touch_lines_of_variant(tx, wanted, now=now) if wanted else 0
