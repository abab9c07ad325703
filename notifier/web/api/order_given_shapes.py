"""In which shape does a shop's server tell us of orders that wait, and hear what became of them?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from notifier.domain.order_delay import NextStep, State
from notifier.services.order_given import MOST_LINES, EtaSaid, LineSaid, OrderSaid
from notifier.services.order_value import LONGEST_TITLE
from notifier.web.api.shapes import Amount, Key, Shape

MOST_ORDERS = 5_000


class PromiseGiven(Shape):
    """What was promised about the time: exactly one of `by`, `days` and `business_days`. Of a range
    the later end."""

    by: str | None = Field(None, max_length=100, description="The last day promised.")
    days: int | None = Field(None, description="Calendar days from the day after the order.")
    business_days: int | None = Field(None, description="Monday to Friday without holidays.")
    text: str = Field("", max_length=LONGEST_TITLE, description="The words that were used.")


class LineEta(Shape):
    """When a line is expected to ship. A definite date needs its source."""

    date: str | None = Field(
        ...,
        max_length=100,
        description="2027-02-14, 2027-02, 2027-02-01/2027-02-14; null: nobody can say.",
        examples=["2027-02-14"],
    )
    source: str = Field("", max_length=64, description="Who says so: a supplier, an order, a feed.")
    evidence: str = Field("", max_length=4000, description="What shows it: an order's number …")
    reason: str = Field("", max_length=400, description="Why it is late; the customer reads it.")


class Incentive(Shape):
    """What those get who order before it is out: a code of the shop's, and what it is good for."""

    code: str = Field("", max_length=128)
    text: str = Field("", max_length=500)


class OrderLineGiven(Shape):
    """One line that waits. One of `variant`, `sku` and `title`."""

    ref: Key = Field(..., description="The shop's own id of the line.", examples=["1"])
    variant: Key = Field("", description="The shop's own variant id.", examples=["4711"])
    sku: Key = Field("", description="Enough alone when one variant has it.")
    title: str = Field("", max_length=LONGEST_TITLE, description="As sold. Default: the variant's.")
    quantity: int = Field(..., description="Units. Later it may only become fewer.", examples=[1])
    price: Amount | None = Field(None, description="Of one.", examples=["49.90"])
    currency: str = Field("", max_length=3, description="ISO 4217; default: the shop's.")
    sold_as: Literal["backorder", "preorder"] | None = Field(
        None, description="Default: backorder."
    )
    promise: str | PromiseGiven | None = Field(
        None,
        description="The shop's words about the time, such as 'ships in 3-5 business days'. "
        "Without any the law's own time counts.",
        examples=["ships in 3-5 business days"],
    )
    transit_days: int | None = Field(None, description="From shipping to delivery (EU, UK).")
    essential_date: bool | None = Field(
        None, description="A later delivery is useless, and both knew it (EU, UK)."
    )
    excluded: str | None = Field(
        None,
        max_length=32,
        description="Why 16 CFR 435 does not cover it: cash_on_delivery, seeds_or_plants, "
        "later_issue, negative_option, service.",
    )
    eta: LineEta | None = Field(
        None, description="When this line is expected; default: its variant's expected date."
    )
    incentive: Incentive | None = Field(None, description="Default: the pre-order's own.")


class OrderGiven(Shape):
    """An order with lines that wait. At least one of `email` and `phone`."""

    ref: Key = Field(..., description="The shop's own number.", examples=["#1001"])
    email: str | None = Field(None, max_length=1000, examples=["ann@example.com"])
    phone: str | None = Field(
        None, max_length=100, description="Legal notices go by mail; a text carries the link only."
    )
    locale: str | None = Field(None, max_length=35, description="Default: the shop's.")
    country: str | None = Field(
        None,
        max_length=40,
        description="Ship-to, ISO 3166. Decides the law; unknown: the strictest rules.",
        examples=["US"],
    )
    zone: str | None = Field(
        None,
        max_length=64,
        description="Time zone of the ship-to place. Default: of the country's zones the one that "
        "makes no deadline a day too late; the shop's where the country is unknown.",
        examples=["America/New_York"],
    )
    completed_at: str = Field(
        ...,
        max_length=100,
        description="When money (or the authority to charge) and everything needed to ship were "
        "there, with its time zone.",
        examples=["2027-01-02T10:15:00-05:00"],
    )
    credit_application: bool | None = Field(
        None, description="The buyer applied to the seller for credit: 50 days instead of 30 (US)."
    )
    seller_is_creditor: bool | None = Field(
        None, description="Bought on the seller's own account: refund within one billing cycle."
    )
    billing_cycle_days: int | None = Field(None, description="Default: 28.")
    lines: list[OrderLineGiven] = Field(min_length=1, max_length=MOST_LINES)

    def said(self) -> OrderSaid:
        """The same for the service."""
        same = ("ref", "email", "phone", "locale", "country", "zone", "completed_at")
        terms = ("credit_application", "seller_is_creditor", "billing_cycle_days")
        return OrderSaid(
            **{name: getattr(self, name) for name in (*same, *terms)},
            lines=[_line_said(line) for line in self.lines],
        )


def _line_said(line: OrderLineGiven) -> LineSaid:
    others = {"promise", "eta", "incentive"}
    values = {name: getattr(line, name) for name in OrderLineGiven.model_fields}
    promise: str | Mapping[str, Any] | None = (
        line.promise.model_dump() if isinstance(line.promise, PromiseGiven) else line.promise
    )
    return LineSaid(
        **{name: value for name, value in values.items() if name not in others},
        promise=promise,
        eta=EtaSaid(**line.eta.model_dump()) if line.eta else None,
        incentive=line.incentive.model_dump() if line.incentive else None,
    )


class OrdersGiven(Shape):
    """Orders are read one by one; see OrderGiven."""

    orders: list[SkipValidation[OrderGiven]] = Field(min_length=1, max_length=MOST_ORDERS)


class LineTaken(Shape):
    """`outcome`: created, changed or unchanged. `deadline`: the next instant at which something
    lapses or is owed."""

    ref: str
    outcome: str
    state: State
    next_step: NextStep
    promised: date
    limit: date | None
    deadline: datetime | None


class OrderNote(Shape):
    """Something about one order. `order` counts from 0."""

    order: int
    ref: str
    field: str
    code: str
    message: str


class OrderTaken(Shape):
    """An order that was taken. `zone`: where its days are counted."""

    ref: str
    outcome: str
    zone: str
    lines: list[LineTaken]


class OrdersReport(Shape):
    """What became of the orders. `warnings`: the order was taken, but not all that it said."""

    accepted: list[OrderTaken]
    rejected: list[OrderNote]
    warnings: list[OrderNote]
