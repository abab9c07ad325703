"""The goods are there: which of those who have bought get them?

The oldest order first, and nobody overtakes: a line has its goods when there is enough for it and
for all that were bought before it. Reckoned anew for each line at every look, so that no count of
allotted units can go wrong. What was shipped after the shop counted its stock is still in that
count. A restock that is held for a person's word is none yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifier.domain.message import MessageKind
from notifier.domain.order_delay import Standing
from notifier.domain.order_delay.days import day_of
from notifier.domain.order_history import Happened
from notifier.domain.stock import EventKind, Level
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case
from notifier.services.order_tell import enqueue
from notifier.services.order_wanted import FROM_STOCK, Wanted, has_goods
from notifier.store import catalogue, events, order_messages, order_queue, orders
from notifier.store import stock as stock_store
from notifier.store.session import Transaction

HELD_LOOK = timedelta(minutes=1)
SOURCE = "in stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a look at the stock says about one line. `epoch`: of the restock whose goods are this
    line's, None when there are none for it. `again_at`: when to look once more."""

    epoch: int | None = None
    again_at: datetime | None = None


NOTHING = Arrival()


def look_for_goods(tx: Transaction, case: Case, *, now: datetime) -> Arrival:
    """Whether goods that arrived after the order are this line's. Nothing is changed."""
    line, order = case.line, case.order
    if line.variant_id is None:
        return NOTHING
    belief = stock_store.load_stock(tx, [line.variant_id]).get(line.variant_id)
    if belief is None or belief.level is not Level.THERE:
        return NOTHING
    if belief.level_since <= order.completed_at or belief.epoch == 0:
        return NOTHING  # it was there when the line was sold as not there: an old count
    said = _state_of_restock(tx, line.variant_id, epoch=belief.epoch)
    if said == "held":
        return Arrival(again_at=now + HELD_LOOK)
    if said == "dropped":  # a person said that it is a mistake of the source
        return NOTHING
    if belief.quantity is not None:
        before = order_queue.units_before(tx, line, order, shipped_since=belief.seen_at)
        if before + line.quantity > belief.quantity:
            return NOTHING
    return Arrival(epoch=belief.epoch)


def _state_of_restock(tx: Transaction, variant_id: int, *, epoch: int) -> str:
    variant = catalogue.find_variants(tx, [variant_id])[variant_id]
    event = events.latest_event(
        tx,
        product_id=variant.product_id,
        variant_id=variant_id,
        kind=EventKind.BACK_IN_STOCK.value,
    )
    return event.state if event is not None and event.epoch == epoch else ""


def take_goods(tx: Transaction, case: Case, arrival: Arrival, *, now: datetime) -> bool:
    """Note that the line can ship today; False when that was known of this restock."""
    if arrival.epoch is None:
        return False
    latest = case.latest(Happened.ESTIMATE)
    return orders.add_event(
        tx,
        case.line.id,
        kind=Happened.ESTIMATE.value,
        at=max(now, latest.at) if latest else now,
        recorded_at=now,
        key=f"stock:{arrival.epoch}",
        facts=_facts(day_of(now, case.order.zone).isoformat()),
        actor=SOURCE,
    )


def _facts(today: str) -> dict[str, Any]:
    return {
        "scope": FROM_STOCK,
        "ship_by": today,
        "eta": today,
        "has_basis": True,
        "source": SOURCE,
    }


def tell_ready(
    env: Env, tx: Transaction, shop: ShopRef, case: Case, standing: Standing, *, epoch: int
) -> bool:
    """Tell the customer, once for each arrival; True when a message was made."""
    if not standing.may_ship or not has_goods(case):
        return False  # or a later date was given since
    wanted = Wanted(
        kind=MessageKind.ORDER_READY, signature=f"order_ready:{epoch}", standing=standing
    )
    sent = order_messages.messages_of(tx, case.line.id)
    return enqueue(env, tx, shop, case, wanted, sent=sent)
