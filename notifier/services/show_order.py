"""What does the page of one order line show? Everything read at once; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from notifier.domain.order_delay import Clause, Standing, State, Until, Why, assess
from notifier.domain.order_delay.packs import Looks
from notifier.domain.order_delay.refunds import refund_from
from notifier.domain.order_delay.states import OPEN
from notifier.errors import NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.order_answer import may_change
from notifier.services.order_case import Case, load_case
from notifier.services.order_offer import Offer, open_offer, sentences, worth_waiting_for
from notifier.services.order_swap import swaps_for
from notifier.store import catalogue, orders, people
from notifier.store.catalogue import VariantRow
from notifier.store.orders import LineRow, OrderRow
from notifier.store.people import ContactRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One line as its customer may see it.

    `dates`: what can be agreed to, None: as long as it takes. `contact`: where written
    confirmations go; None when the address was erased. `variant`: None when it is not in the
    catalogue. `refund_by`: the last day to send the money if it were ended now.
    """

    now: datetime
    case: Case
    shop: ShopRef
    standing: Standing
    offer: Offer | None
    dates: tuple[Until, ...]
    clauses: tuple[tuple[Clause, str], ...]
    swaps: tuple[VariantRow, ...]
    variant: VariantRow | None
    contact: ContactRow | None
    refund_by: date

    @property
    def id(self) -> int:
        return self.case.line.id


def load_shown(env: Env, line_id: int, *, locale: str = "") -> Shown:
    """Raises errors.NotFound. `locale` for the sentences; empty: that of the order."""
    now = env.now()
    with env.db.read() as tx:
        case = load_case(tx, line_id)
        shop = env.shop_by_id(case.line.shop_id)
        if shop is None:
            raise NotFound("The shop of this order is not served here any more.")
        standing = assess(case.facts, now)
        variant_id = case.line.variant_id
        found = catalogue.find_variants(tx, [variant_id]) if variant_id is not None else {}
        swaps = swaps_for(tx, case) if may_change(standing) else []
        contact_id = case.order.email_id or case.order.phone_id
        contact = people.find_contact(tx, contact_id=contact_id) if contact_id else None
    offer = open_offer(case, standing, now=now)
    is_over = standing.refund is not None or standing.state is State.MANUAL_REVIEW
    locale = locale or case.order.locale
    return Shown(
        now=now,
        case=case,
        shop=shop,
        standing=standing,
        offer=offer,
        dates=worth_waiting_for(case, standing, offer, now=now),
        clauses=() if is_over else sentences(case, standing.pack, offer, locale=locale),
        swaps=tuple(swaps),
        variant=next(iter(found.values()), None),
        contact=contact if contact and contact.erased_at is None else None,
        refund_by=_refund_by(case, standing, now=now),
    )


def _refund_by(case: Case, standing: Standing, *, now: datetime) -> date:
    if standing.refund is not None:
        return standing.refund.by
    by_delivery = standing.pack.looks is Looks.AT_DELIVERY
    ground = Why.WITHDRAWN if by_delivery else Why.CANCELLED
    has_left = standing.state in (State.SHIPPED, State.DELIVERED)
    if has_left and standing.pack.withdrawal_days is not None:
        ground = Why.WITHDRAWN_AFTER_SHIPMENT
    return refund_from(case.facts, standing.pack, at=now, ground=ground).by


def open_lines_of(env: Env, contact_id: int) -> list[tuple[OrderRow, LineRow]]:
    """What an address has bought and still waits for, oldest first."""
    with env.db.read() as tx:
        return [
            (order, line)
            for order in orders.orders_of(tx, contact_id)
            for line in orders.lines_of_order(tx, order.id)
            if line.state in OPEN
        ]
