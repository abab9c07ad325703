"""How does an order that waits become ours to look after, and what if it is sent again?

The same order again changes nothing. New lines are added; the address, the language, the quantity
(down) and the expected date may change. Any other fact may not, since deadlines were reckoned from
it and customers were told. What the customer has changed since on the page behind the link stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifier.domain.order_delay import Standing, State, assess
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound
from notifier.i18n import choose_locale
from notifier.services.env import Env, ShopRef
from notifier.services.order_case import Case, load_case, promise_as_row
from notifier.services.order_follow import CLOSED, New, estimate_facts, record
from notifier.services.order_given import GivenEta, GivenLine, GivenOrder
from notifier.services.preorder import incentive_for
from notifier.services.read_address import Address, read_address
from notifier.store import catalogue, orders, people, skus
from notifier.store.catalogue import VariantRow
from notifier.store.orders import LineRow, OrderRow
from notifier.store.session import Transaction

CREATED, CHANGED, UNCHANGED = "created", "changed", "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenLine:
    """`outcome`: created, changed or unchanged."""

    id: int
    ref: str
    outcome: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOrder:
    """What became of an order. `warnings`: it was taken, but not all that it said."""

    ref: str
    outcome: str
    zone: str
    lines: tuple[TakenLine, ...]
    warnings: tuple[FieldProblem, ...] = ()


@dataclass(slots=True)
class _Reached:
    """The addresses of an order, as far as they can be used."""

    email: Address | None = None
    phone: Address | None = None
    warnings: list[FieldProblem] = field(default_factory=list)


def take_order(env: Env, shop: ShopRef, given: GivenOrder, *, source: str) -> TakenOrder:
    """Store an order and its lines, and tell the customer what is to be told, or nothing of it.

    `source`: who says so, for the record. Raises errors.InvalidInput (a variant that is not known,
    an address that cannot be one) and Conflict("changed") naming the fact that may not change.
    """
    return env.db.retry(lambda tx: _take(env, tx, shop, given, source=source))


def try_order(env: Env, shop: ShopRef, given: GivenOrder, *, source: str) -> TakenOrder:
    """What `take_order` would do; nothing is stored. Raises as that does."""
    found: list[TakenOrder] = []

    def work(tx: Transaction) -> None:
        found.append(_take(env, tx, shop, given, source=source))
        raise _OnlyTried

    try:
        env.db.retry(work)
    except _OnlyTried:
        return found[-1]
    raise AssertionError("a trial does not commit")


class _OnlyTried(Exception):
    """Rolls a trial back."""


def _read_addresses(env: Env, shop: ShopRef, given: GivenOrder) -> _Reached:
    """A phone that cannot be used is left out where there is an e-mail address, and said so."""
    reached = _Reached()
    if given.email is not None:
        reached.email = read_address(env, shop, email=given.email)
    if given.phone is not None:
        try:
            reached.phone = read_address(env, shop, phone=given.phone)
        except InvalidInput as error:
            if reached.email is None:
                raise
            reached.warnings += error.problems
    return reached


def _take(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    given: GivenOrder,
    *,
    source: str,
) -> TakenOrder:
    reached = _read_addresses(env, shop, given)
    order = orders.find_order(tx, shop_id=shop.id, ref=given.ref)
    is_new = order is None
    changed = False
    if order is None:
        order = _add_order(env, tx, shop, given, reached, source=source)
    if order is None:  # somebody was quicker
        is_new = False
        order = orders.find_order(tx, shop_id=shop.id, ref=given.ref)
        if order is None:
            raise LookupError(f"order {given.ref} vanished")
    if not is_new:
        changed = _compare_order(env, tx, order, given, reached)
    known = {line.ref: line for line in orders.lines_of_order(tx, order.id)}
    taken: list[TakenLine] = []
    for number, line in enumerate(given.lines):
        place = f"lines.{number}"
        variant = _find_variant(tx, shop, line, place=place)
        if line.ref in known:
            taken.append(
                _compare_line(env, tx, known[line.ref], line, variant, place=place, source=source)
            )
        else:
            taken.append(_add_line(env, tx, shop, order, line, variant, source=source))
            reached.warnings += _lapsed(taken[-1], place=place)
    touched = changed or any(one.outcome != UNCHANGED for one in taken)
    outcome = CREATED if is_new else CHANGED if touched else UNCHANGED
    return TakenOrder(
        ref=order.ref,
        outcome=outcome,
        zone=order.zone,
        lines=tuple(taken),
        warnings=tuple(reached.warnings),
    )


def _lapsed(line: TakenLine, *, place: str) -> list[FieldProblem]:
    refund = line.standing.refund
    if refund is None:
        return []
    words = (
        f"Its time was over on {line.standing.limit}, before it came here, and no notice is known: "
        f"the customer is told that it is cancelled, and the refund is owed by {refund.by}. If it "
        "has shipped, report the shipment now."
    )
    return [FieldProblem(field=place, code="lapsed", message=words)]


def _add_order(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    given: GivenOrder,
    reached: _Reached,
    *,
    source: str,
) -> OrderRow | None:
    config = shop.config
    made = orders.add_order(
        tx,
        shop_id=shop.id,
        ref=given.ref,
        email_id=_contact(env, tx, reached.email, zone=given.zone),
        phone_id=_contact(env, tx, reached.phone, zone=given.zone),
        locale=choose_locale(given.locale or config.locale, config.locales),
        country=given.country or "",
        zone=given.zone,
        completed_at=given.completed_at,
        credit_application=bool(given.credit_application),
        seller_is_creditor=bool(given.seller_is_creditor),
        billing_cycle_days=given.billing_cycle_days or 28,
        source=source[:64],
        created_at=env.now(),
    )
    return orders.find_order(tx, order_id=made) if made is not None else None


def _contact(env: Env, tx: Transaction, address: Address | None, *, zone: str) -> int | None:
    if address is None:
        return None
    return people.ensure_contact(
        tx,
        medium=address.medium.value,
        address=address.value,
        address_hash=address.hash,
        time_zone="",  # where it is sent to need not be where they are
        now=env.now(),
    ).id


_FIXED = ("completed_at", "country", "credit_application", "seller_is_creditor")


def _compare_order(
    env: Env, tx: Transaction, order: OrderRow, given: GivenOrder, reached: _Reached
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
            values[name] = _contact(env, tx, address, zone=order.zone)
    values = {name: one for name, one in values.items() if one != getattr(order, name)}
    if not values:
        return False
    orders.update_order(tx, order.id, **values)
    for line in orders.lines_of_order(tx, order.id):  # what came back may arrive now
        record(env, tx, line.id)
    return True


def _locales(env: Env, order: OrderRow) -> Sequence[str]:
    shop = env.shop_by_id(order.shop_id)
    return shop.config.locales if shop else ()


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


def _find_variant(
    tx: Transaction, shop: ShopRef, line: GivenLine, *, place: str
) -> VariantRow | None:
    """The variant that was sold; None when only a title was said. Raises errors.InvalidInput."""
    if line.variant:
        found = catalogue.find_variant(tx, shop.id, line.variant)
        if found is None:
            raise _unknown(f"{place}.variant", line.variant)
        return found
    if not line.sku:
        return None
    keys = skus.keys_by_sku(tx, shop.id, [line.sku]).get(line.sku, [])
    if len(keys) > 1:
        raise InvalidInput.of(
            f"{place}.sku",
            "ambiguous",
            f"{len(keys)} variants have the sku {line.sku!r}. Name the variant instead.",
        )
    found = catalogue.find_variant(tx, shop.id, keys[0]) if keys else None
    if found is None:
        raise _unknown(f"{place}.sku", line.sku)
    return found


def _unknown(place: str, said: str) -> InvalidInput:
    return InvalidInput.of(
        place,
        "unknown",
        f"There is no variant {said[:80]!r} in this shop. Put it first (PUT /api/v1/products), or "
        "give only a title: then its expected date must be said for this line.",
    )


def _add_line(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    order: OrderRow,
    line: GivenLine,
    variant: VariantRow | None,
    *,
    source: str,
) -> TakenLine:
    now = env.now()
    made = orders.add_line(
        tx,
        order_id=order.id,
        shop_id=shop.id,
        ref=line.ref,
        variant_id=variant.id if variant else None,
        title=line.title or (_title_of(variant) if variant else ""),
        quantity=line.quantity,
        price=line.price,
        currency=line.currency,
        sold_as=line.sold_as or "backorder",
        promise=promise_as_row(line.promise),
        transit_days=line.transit_days or 0,
        date_is_essential=bool(line.essential_date),
        excluded=line.excluded or "",
        incentive=line.incentive or _incentive(tx, line, variant),
        created_at=now,
        assessed_at=now,
    )
    if made is None:
        raise Conflict("busy", f"Line {line.ref!r} is being stored by another request. Try again.")
    happened = [_estimate(line.eta, number=0, at=now, actor=source)] if line.eta else []
    standing = record(env, tx, made, *happened)
    orders.update_line(tx, made, look_at=now)  # a date set at this very moment was not seen yet
    return TakenLine(id=made, ref=line.ref, outcome=CREATED, standing=standing)


def _title_of(variant: VariantRow) -> str:
    title = variant.product_title or variant.key
    has_own = variant.title and variant.title not in (title, "Default Title")
    return f"{title}, {variant.title}" if has_own else title


def _incentive(
    tx: Transaction, line: GivenLine, variant: VariantRow | None
) -> dict[str, Any] | None:
    """What those get who order before it is out, where the merchant offers something."""
    if variant is None or line.sold_as != "preorder":
        return None
    return incentive_for(tx, variant.id)


def _estimate(given: GivenEta, *, number: int, at: datetime, actor: str) -> New:
    facts = estimate_facts(given.eta, source=given.source, scope="line", reason=given.reason)
    return New(
        kind=Happened.ESTIMATE,
        at=at,
        key=f"order_eta:{number}",
        facts={**facts, "evidence": given.evidence},
        actor=actor,
    )


def _compare_line(
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
    new = _estimate(given, number=len(before), at=env.now(), actor=source)
    if before and before[-1].facts == new.facts:
        return []
    return [new]


def find_order(tx: Transaction, shop: ShopRef, ref: str) -> OrderRow:
    """Raises errors.NotFound, also for another shop's."""
    found = orders.find_order(tx, shop_id=shop.id, ref=ref.strip()[:128])
    if found is None:
        raise NotFound(f"There is no order {ref[:80]!r} in this shop.")
    return found
