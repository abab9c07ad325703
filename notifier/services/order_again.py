"""What may change when an order is sent again, and what may not?

The address, the language, the quantity (down) and the expected date may. Any other fact may not,
since deadlines were reckoned from it and customers were told. What the customer has changed since
on the page behind the link stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from notifier.domain.order_delay import State, assess
from notifier.domain.order_delay.states import CLOSED
from notifier.domain.order_history import Happened
from notifier.errors import Conflict
from notifier.i18n import choose_locale
from notifier.services.env import Env
from notifier.services.order_case import Case, load_case, promise_as_row
from notifier.services.order_follow import New, record
from notifier.services.order_given import GivenEta, GivenLine, GivenOrder
from notifier.services.order_taken import (
    CHANGED,
    UNCHANGED,
    Reached,
    TakenLine,
    contact_id,
    estimate,
)
from notifier.store import orders, people
from notifier.store.catalogue import VariantRow
from notifier.store.orders import LineRow, OrderRow
from notifier.store.session import Transaction

_FIXED = ("completed_at", "country", "credit_application", "seller_is_creditor")


def compare_order(
    env: Env, tx: Transaction, order: OrderRow, given: GivenOrder, reached: Reached
) -> bool:
    """Take over what may change of an order; True when something did. Raises errors.Conflict."""
    for name in (*_FIXED, "billing_cycle_days"):
        _refuse_change(name, stored=getattr(order, name), said=getattr(given, name))
    if given.zone_said:
        _refuse_change("zone", stored=order.zone, said=given.zone)
    values: dict[str, Any] = {}
    if given.locale is not None:
        values["locale"] = choose_locale(given.locale, (order.locale, *_locales(env, order)))
    for name, address in (("email_id", reached.email), ("phone_id", reached.phone)):
        id_ = getattr(order, name)
        contact = people.find_contact(tx, contact_id=id_) if id_ is not None else None
        if address is not None and (contact is None or contact.address_hash != address.hash):
            values[name] = contact_id(env, tx, address)
    values = {name: one for name, one in values.items() if one != getattr(order, name)}
    if not values:
        return False
    orders.update_order(tx, order.id, **values)
    for line in orders.lines_of_order(tx, order.id):  # what came back may arrive now
        record(env, tx, line.id)
    return True


def compare_line(
    env: Env,
    tx: Transaction,
    row: LineRow,
    line: GivenLine,
    variant: VariantRow | None,
    *,
    place: str,
    source: str,
) -> TakenLine:
    """Take over what may change of a line. Raises errors.Conflict naming what may not."""
    case = load_case(tx, row.id, for_update=True)
    _refuse_changes(case, line, variant, place=place)
    happened = _new_quantity(env, tx, case, line, place=place, source=source)
    if line.eta is not None:
        happened += _new_estimate(env, case, line.eta, source=source)
    if not happened:
        standing = assess(case.facts, env.now())
        return TakenLine(id=row.id, ref=row.ref, outcome=UNCHANGED, standing=standing)
    standing = record(env, tx, row.id, *happened)
    return TakenLine(id=row.id, ref=row.ref, outcome=CHANGED, standing=standing)


def _locales(env: Env, order: OrderRow) -> Sequence[str]:
    shop = env.shop_by_id(order.shop_id)
    return shop.config.locales if shop else ()


def _refuse_changes(case: Case, line: GivenLine, variant: VariantRow | None, *, place: str) -> None:
    row = case.line
    swapped = any(one.kind == Happened.CHANGED and "variant" in one.facts for one in case.events)
    if not swapped:  # the customer took an alternative
        _refuse_change(
            f"{place}.variant", stored=row.variant_id, said=variant.id if variant else None
        )
        _refuse_change(f"{place}.title", stored=row.title, said=line.title or None)
        _refuse_change(f"{place}.price", stored=row.price, said=line.price)
        if line.price is not None:
            _refuse_change(f"{place}.currency", stored=row.currency, said=line.currency or None)
    _refuse_change(f"{place}.sold_as", stored=row.sold_as, said=line.sold_as)
    _refuse_change(f"{place}.promise", stored=row.promise, said=promise_as_row(line.promise))
    _refuse_change(f"{place}.transit_days", stored=row.transit_days, said=line.transit_days)
    _refuse_change(
        f"{place}.essential_date", stored=row.date_is_essential, said=line.essential_date
    )
    _refuse_change(f"{place}.excluded", stored=row.excluded, said=line.excluded)
    _refuse_change(f"{place}.incentive", stored=row.incentive, said=line.incentive)


def _refuse_change(name: str, *, stored: object, said: object) -> None:
    if said is not None and said != stored:
        raise Conflict(
            "changed",
            f"{name} was {_shown(stored)} and is {_shown(said)} now. Deadlines were reckoned from "
            "what was said first, so it may not change. Decline the line and send a new one, if "
            "that is what happened.",
            field=name,
        )


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(value)[:80]


def _new_quantity(
    env: Env, tx: Transaction, case: Case, line: GivenLine, *, place: str, source: str
) -> list[New]:
    row = case.line
    changes = [
        one.facts for one in case.events if one.kind == Happened.CHANGED and "quantity" in one.facts
    ]
    if line.quantity == row.quantity or any(line.quantity == one.get("was") for one in changes):
        return []  # what was sent before it was changed says nothing new
    if line.quantity > row.quantity:
        raise Conflict(
            "changed",
            f"Line {row.ref!r} has {row.quantity} units; it cannot become {line.quantity}. Send "
            "what was ordered in addition as a new line.",
            field=f"{place}.quantity",
        )
    if State(row.state) in CLOSED:
        raise Conflict(
            "closed",
            f"Line {row.ref!r} is {row.state}; its quantity stays.",
            field=f"{place}.quantity",
        )
    orders.update_line(tx, row.id, quantity=line.quantity)
    return [
        New(
            kind=Happened.CHANGED,
            at=env.now(),
            key=f"quantity:{len(changes)}:{line.quantity}",
            facts={"quantity": line.quantity, "was": row.quantity},
            actor=source,
        )
    ]


def _new_estimate(env: Env, case: Case, given: GivenEta, *, source: str) -> list[New]:
    """The date that came with the order, when it is another one than came with it before."""
    before = [one for one in case.events if one.key.startswith("order_eta:")]
    new = estimate(given, number=len(before), at=env.now(), actor=source)
    if before and before[-1].facts == new.facts:
        return []
    return [new]
