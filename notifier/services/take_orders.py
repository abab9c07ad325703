"""How does an order that waits become ours to look after?

The same order again changes nothing, but for what services/order_again.py takes over. New lines are
added.
"""

from __future__ import annotations

from typing import Any

from notifier.errors import Conflict, FieldProblem, InvalidInput, NotFound
from notifier.i18n import choose_locale
from notifier.services.env import Env, ShopRef
from notifier.services.order_again import compare_line, compare_order
from notifier.services.order_case import promise_as_row
from notifier.services.order_follow import record
from notifier.services.order_given import GivenLine, GivenOrder
from notifier.services.order_taken import (
    CHANGED,
    CREATED,
    UNCHANGED,
    Reached,
    TakenLine,
    TakenOrder,
    contact_id,
    estimate,
    read_addresses,
)
from notifier.services.preorder_open import incentive_for
from notifier.store import catalogue, orders, skus
from notifier.store.catalogue import VariantRow
from notifier.store.orders import OrderRow
from notifier.store.session import Transaction


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


def _take(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    given: GivenOrder,
    *,
    source: str,
) -> TakenOrder:
    reached = read_addresses(env, shop, given)
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
        changed = compare_order(env, tx, order, given, reached)
    known = {line.ref: line for line in orders.lines_of_order(tx, order.id)}
    taken: list[TakenLine] = []
    for number, line in enumerate(given.lines):
        place = f"lines.{number}"
        variant = _find_variant(tx, shop, line, place=place)
        if line.ref in known:
            taken.append(
                compare_line(env, tx, known[line.ref], line, variant, place=place, source=source)
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
    reached: Reached,
    *,
    source: str,
) -> OrderRow | None:
    config = shop.config
    made = orders.add_order(
        tx,
        shop_id=shop.id,
        ref=given.ref,
        email_id=contact_id(env, tx, reached.email),
        phone_id=contact_id(env, tx, reached.phone),
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
    happened = [estimate(line.eta, number=0, at=now, actor=source)] if line.eta else []
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


def find_order(tx: Transaction, shop: ShopRef, ref: str) -> OrderRow:
    """Raises errors.NotFound, also for another shop's."""
    found = orders.find_order(tx, shop_id=shop.id, ref=ref.strip()[:128])
    if found is None:
        raise NotFound(f"There is no order {ref[:80]!r} in this shop.")
    return found
