"""When do pre-orders of a variant open, and who is told, once?

At the time the merchant set, or when the source turns it to pre-order and no time was set. While
orders are stopped nothing opens: it opens when they are taken again. Who waits stays on the list
and hears as well when it is out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.stock import EventKind, Level, Stock
from notifier.store import events, preorders
from notifier.store.catalogue import VariantRow
from notifier.store.preorders import PreorderRow
from notifier.store.session import Transaction

BY_SOURCE = "source"


def open_by_source(
    tx: Transaction, variant: VariantRow, belief: Stock, *, now: datetime, hold_id: int | None
) -> bool:
    """The source turned it to pre-order; whether that opened it."""
    known = preorders.find_preorder(tx, variant.id)
    if known is None or known.released_at is not None:
        preorders.put_preorder(
            tx,
            variant.id,
            opens_at=now,
            opened_at=None,
            release_on=None,
            released_at=None,
            incentive=None,  # that of an earlier pre-order is over
            source=BY_SOURCE,
            actor="",
            changed_at=now,
        )
    elif known.opens_at is None:
        preorders.put_preorder(tx, variant.id, opens_at=now, changed_at=now)
    elif known.opens_at > now:
        return False
    return open_now(tx, variant, belief, now=now, hold_id=hold_id)


def open_now(
    tx: Transaction,
    variant: VariantRow,
    belief: Stock,
    *,
    now: datetime,
    hold_id: int | None = None,
) -> bool:
    """Make the one event of an opening. False when it was open before, or may not open now."""
    may = variant.may_be_asked_for and belief.level is Level.NONE
    stopped = variant.orders_stopped and belief.availability is Availability.PREORDER
    gone = belief.availability is Availability.DISCONTINUED
    if not may or stopped or gone or not preorders.mark_opened(tx, variant.id, at=now):
        return False
    row = preorders.find_preorder(tx, variant.id)
    events.add_event(
        tx,
        shop_id=variant.shop_id,
        product_id=variant.product_id,
        variant_id=variant.id,
        kind=EventKind.PREORDER_OPEN.value,
        at=now,
        epoch=belief.epoch,
        sequence=now.isoformat(),
        hold_id=hold_id,
        facts={
            "quantity": belief.quantity,
            "availability": belief.availability.value,
            "eta": belief.eta.iso() if belief.eta else None,
            **({"incentive": row.incentive} if row and row.incentive else {}),
        },
    )
    return True


def note_release(tx: Transaction, variant: VariantRow, belief: Stock, *, now: datetime) -> None:
    """It can be bought: what was open for ordering ahead is released."""
    if belief.level is Level.THERE:
        preorders.mark_released(tx, variant.id, at=now)


def incentive_for(tx: Transaction, variant_id: int) -> dict[str, Any] | None:
    """What somebody who orders now, before it is out, gets: {code, text}; None for nothing."""
    row: PreorderRow | None = preorders.find_preorder(tx, variant_id)
    return row.incentive if row is not None and row.released_at is None else None
