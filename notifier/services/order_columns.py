"""Which column of a shop's CSV file of orders, shipments or dates means what?

Our own names, those of our API, and those that shops' exports have (Shopify: `Name`, `Created at`,
`Lineitem sku`; WooCommerce: `Order Number`, `Billing Email`). Case, blanks and signs in a name do
not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from notifier.errors import FieldProblem, InvalidInput
from notifier.services.order_given import EtaSaid, LineSaid, OrderSaid

Cell: TypeAlias = Callable[[str], str]

ORDER_NAMES = {
    "order": "order orderref orderid ordernumber orderno ordername name number",
    "email": "email emailaddress mail customeremail billingemail contactemail",
    "phone": "phone phonenumber telephone mobile customerphone billingphone shippingphone",
    "locale": "locale language lang customerlocale",
    "country": "country shiptocountry shippingcountry shippingcountrycode countrycode shipcountry",
    "zone": "zone timezone tz shiptozone",
    "completed_at": "completedat orderedat orderdate createdat paidat date placedat completed",
    "credit_application": "creditapplication",
    "seller_is_creditor": "selleriscreditor storecard",
    "billing_cycle_days": "billingcycledays",
    "line": "line lineref lineid lineitemid itemid lineno linenumber position",
    "variant": "variant variantid shopifyvariantid lineitemvariantid variationid",
    "sku": "sku variantsku lineitemsku productsku itemsku",
    "title": "title product productname lineitemname item itemname description",
    "quantity": "quantity qty units lineitemquantity itemquantity",
    "price": "price unitprice lineitemprice itemprice itemcost",
    "currency": "currency",
    "sold_as": "soldas kind type",
    "promise": "promise promised shippingpromise leadtime delivery promisetext",
    "transit_days": "transitdays transit",
    "essential_date": "essentialdate dateisessential",
    "excluded": "excluded exclusion",
    "eta": "eta expected expecteddate expectedon shipby shipsby etadate",
    "eta_source": "etasource source expectedsource",
    "eta_evidence": "etaevidence evidence",
    "incentive_code": "incentivecode code couponcode",
    "incentive_text": "incentivetext incentive",
}
SHIPMENT_NAMES = {
    "order": ORDER_NAMES["order"],
    "line": ORDER_NAMES["line"],
    "shipped_at": "shippedat shipdate shippingdate fulfilledat date sentat dispatchedat shipped",
    "carrier": "carrier trackingcompany shippingcompany courier",
    "tracking": "tracking trackingnumber trackingcode trackingno",
}
ETA_NAMES = {
    "variant": ORDER_NAMES["variant"],
    "sku": ORDER_NAMES["sku"],
    "date": "date eta expected expecteddate expectedon availableon availabilitydate",
    "source": "source etasource supplier",
    "evidence": "evidence etaevidence purchaseorder po note",
}
NONE_WORDS = frozenset({"none", "null", "unknown", "-"})
"""What a column of dates says where nobody can say when."""

_YES = frozenset({"1", "true", "yes", "y", "ja", "si", "sí", "on"})
_NO = frozenset({"0", "false", "no", "n", "nein", "off"})


def need(columns: Mapping[str, int], *groups: Sequence[str], header: Sequence[str]) -> None:
    """Raises errors.InvalidInput unless of each group one column is there."""
    for group in groups:
        if not columns.keys() & set(group):
            raise InvalidInput.of(
                "header",
                "no_column",
                f"The first row must name the columns, one of them {' or '.join(group)}; it holds "
                f"{', '.join(repr(name[:30]) for name in header[:12])}.",
            )


def cell_of(cells: Sequence[str], columns: Mapping[str, int]) -> Cell:
    """A function that gives a row's text in a column; empty where there is none."""

    def cell(field: str) -> str:
        place = columns.get(field)
        text = cells[place].strip() if place is not None and place < len(cells) else ""
        # a spreadsheet keeps long numbers whole behind an apostrophe
        return text[1:] if re.fullmatch(r"'\+?\d+", text) else text

    return cell


def read_order_cells(cell: Cell) -> OrderSaid:
    """What a row says about the order; its line is read by `read_line_cells`."""
    return OrderSaid(
        ref=cell("order"),
        completed_at=cell("completed_at"),
        email=cell("email") or None,
        phone=cell("phone") or None,
        locale=cell("locale") or None,
        country=cell("country") or None,
        zone=cell("zone") or None,
        credit_application=_yes(cell, "credit_application"),
        seller_is_creditor=_yes(cell, "seller_is_creditor"),
        billing_cycle_days=_number(cell, "billing_cycle_days"),
    )


def read_line_cells(cell: Cell, *, ref: str) -> LineSaid:
    """What a row says about its line. `ref`: what to call it when no column does."""
    incentive = {"code": cell("incentive_code"), "text": cell("incentive_text")}
    estimate = None
    if cell("eta"):
        nobody_knows = cell("eta").lower() in NONE_WORDS
        estimate = EtaSaid(
            date=None if nobody_knows else cell("eta"),
            source=cell("eta_source"),
            evidence=cell("eta_evidence"),
        )
    return LineSaid(
        ref=cell("line") or ref,
        variant=_id(cell("variant")),
        sku=cell("sku"),
        title=cell("title"),
        quantity=cell("quantity") or 1,
        price=cell("price") or None,
        currency=cell("currency"),
        sold_as=cell("sold_as") or None,
        promise=cell("promise") or None,
        transit_days=_number(cell, "transit_days"),
        essential_date=_yes(cell, "essential_date"),
        excluded=cell("excluded") or None,
        eta=estimate,
        incentive=incentive if any(incentive.values()) else None,
    )


def _id(text: str) -> str:
    """An id, without what a spreadsheet made of it."""
    if re.fullmatch(r"\d+\.0", text):
        return text[:-2]
    if re.fullmatch(r"\d(?:\.\d+)?e\+\d+", text, re.IGNORECASE):
        raise InvalidInput.of(
            "variant",
            "rounded",
            f"{text[:40]!r} is an id that a spreadsheet has rounded. Export the file anew and do "
            "not open it before.",
        )
    return text


def _yes(cell: Cell, field: str) -> bool | None:
    word = cell(field).lower()
    if word and word not in _YES | _NO:
        raise InvalidInput.of(field, "not_yes_or_no", f"{word[:40]!r} is neither yes nor no.")
    return word in _YES if word else None


def _number(cell: Cell, field: str) -> int | None:
    text = cell(field)
    if text and not re.fullmatch(r"\d{1,6}", text):
        raise InvalidInput.of(field, "not_a_number", f"{text[:40]!r} is no number of days.")
    return int(text) if text else None


def same_as(first: OrderSaid, other: OrderSaid) -> list[FieldProblem]:
    """What a later row of the same order says otherwise; empty cells say nothing."""
    problems = []
    for name in ("completed_at", "email", "phone", "country", "zone"):
        said, before = getattr(other, name), getattr(first, name)
        if said and before and said != before:
            words = f"{said[:60]!r} here and {before[:60]!r} in an earlier row of this order."
            problems.append(FieldProblem(field=name, code="differs", message=words))
    return problems
