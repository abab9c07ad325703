"""What is known about one order line, as the delay rules want it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from notifier.domain.order_delay import Exclusion, Line, Promise
from notifier.domain.order_history import Happened, as_events
from notifier.errors import NotFound
from notifier.store import orders
from notifier.store.orders import EventRow, LineRow, OrderRow
from notifier.store.session import Transaction

LONGEST_REASON = 400  # characters


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line, its order and all that happened to it. `facts`: the same for the delay rules."""

    line: LineRow
    order: OrderRow
    events: tuple[EventRow, ...]

    @cached_property
    def facts(self) -> Line:
        line, order = self.line, self.order
        return Line(
            ref=f"{order.ref}/{line.ref}",
            completed_at=order.completed_at,
            zone=order.zone,
            country=order.country,
            promise=read_promise_row(line.promise),
            transit_days=line.transit_days,
            seller_credit_application=order.credit_application,
            seller_is_creditor=order.seller_is_creditor,
            billing_cycle_days=order.billing_cycle_days,
            date_is_essential=line.date_is_essential,
            excluded=Exclusion(line.excluded) if line.excluded else None,
            events=as_events(self.events),
        )

    def latest(self, kind: Happened) -> EventRow | None:
        """The event of this kind that took effect last."""
        found = [event for event in self.events if event.kind == kind]
        return max(found, key=lambda event: (event.at, event.id), default=None)

    @property
    def why_late(self) -> str:
        """Why it is late, in the merchant's words, as given with the date; '' when not given."""
        estimate = self.latest(Happened.ESTIMATE)
        said = " ".join(str((estimate.facts if estimate else {}).get("reason") or "").split())
        return said if len(said) <= LONGEST_REASON else f"{said[: LONGEST_REASON - 1].rstrip()}…"


def load_case(tx: Transaction, line_id: int, *, for_update: bool = False) -> Case:
    """One line with its order and events. Raises errors.NotFound.

    `for_update`: nobody else decides about the line until we commit.
    """
    line = orders.find_line(tx, line_id, for_update=for_update)
    order = orders.find_order(tx, order_id=line.order_id) if line else None
    if line is None or order is None:
        raise NotFound("There is no such order line.")
    return Case(line=line, order=order, events=tuple(orders.events_of(tx, [line_id])[line_id]))


def load_cases(tx: Transaction, line_ids: Iterable[int]) -> dict[int, Case]:
    """Several lines by their ids; those that do not exist are left out."""
    lines = orders.find_lines(tx, line_ids)
    of_orders = orders.find_orders(tx, (line.order_id for line in lines.values()))
    events = orders.events_of(tx, list(lines))
    return {
        id_: Case(line=line, order=of_orders[line.order_id], events=tuple(events[id_]))
        for id_, line in lines.items()
    }


def read_promise_row(stored: dict[str, Any] | None) -> Promise | None:
    """The promise that `promise_as_row` wrote."""
    if stored is None:
        return None
    by = stored.get("by")
    return Promise(
        text=str(stored.get("text", "")),
        by=date.fromisoformat(by) if by else None,
        days=stored.get("days"),
        business_days=stored.get("business_days"),
    )


def promise_as_row(promise: Promise | None) -> dict[str, Any] | None:
    """What to store of a promise: its words and the one bound that it has."""
    if promise is None:
        return None
    bounds = {
        "by": promise.by.isoformat() if promise.by else None,
        "days": promise.days,
        "business_days": promise.business_days,
    }
    return {"text": promise.text} | {name: one for name, one in bounds.items() if one is not None}
