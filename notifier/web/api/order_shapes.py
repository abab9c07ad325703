"""In which shape does a shop's server say and see orders that wait?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from notifier.domain.money import amount_text
from notifier.domain.order_delay import NextStep, State
from notifier.services.order_given import MOST_LINES, EtaSaid, LineSaid, OrderSaid
from notifier.services.order_value import LONGEST_TITLE
from notifier.services.see_order import ShownLine
from notifier.web.api.shapes import MOST_ON_A_PAGE, Amount, Key, Shape

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


class Choice(Shape):
    """What the customer may answer at this moment."""

    kind: str
    until: date | None = Field(description="For `wait`; null: as long as it takes.")


class Reason(Shape):
    """Why the line stands where it stands, with the paragraph (or "policy")."""

    at: datetime
    why: str
    paragraph: str


class NoticeToOffer(Shape):
    """A notice that the law wants offered before `by`, at best on `target`."""

    kind: str
    revised: date | None
    target: date
    by: datetime | None


class RefundOwed(Shape):
    """A refund: owed since `vested_on`, to be sent before `refund_by_instant`."""

    ground: str
    vested_on: date
    refund_by: date
    refund_by_instant: datetime
    sent_at: datetime | None
    was_late: bool


class Estimate(Shape):
    """When it is expected to ship. `scope`: of the variant, the line, or stock (it is there).
    Without `has_basis` it is not told."""

    ship_by: date | None
    source: str
    evidence: str
    has_basis: bool
    scope: str
    since: datetime


class Line(Shape):
    """One line. `promised`: the last day promised. `limit`: the last day to ship (EU and UK: to
    deliver) as things stand. `deadline`: the next instant at which something lapses or is owed."""

    order: str
    ref: str
    variant: str | None
    title: str
    quantity: int
    price: str | None
    currency: str
    sold_as: str
    promise: str | None
    promised: date
    rules: str = Field(description="Law and version, such as us-ftc-435@2014-12-08.")
    state: State
    next_step: NextStep
    limit: date | None
    deadline: datetime | None
    expected: Estimate | None
    notice: NoticeToOffer | None
    choices: list[Choice]
    refund: RefundOwed | None
    reasons: list[Reason]


class LineEvent(Shape):
    """Something that happened. `recorded_at`: when it became known here."""

    at: datetime
    recorded_at: datetime
    kind: str
    facts: dict[str, Any]
    actor: str


class LineMessage(Shape):
    """A message about the line, and how it fared."""

    kind: str
    medium: str
    state: str
    reason: str
    made_at: datetime
    finished_at: datetime | None


class LineWithHistory(Line):
    """A line with all that happened to it."""

    incentive: dict[str, Any] | None
    history: list[LineEvent]
    messages: list[LineMessage]


class Order(Shape):
    """An order with its lines. `country` empty: the strictest rules count."""

    ref: str
    completed_at: datetime
    received_at: datetime
    received_from: str
    country: str
    zone: str
    locale: str
    email: str | None
    phone: str | None
    lines: list[LineWithHistory]


class LinesQuery(Shape):
    """Which lines. Several states or steps: with commas between."""

    state: str = Field("", max_length=500, description="notice_due, option_long, refund_due …")
    next_step: str = Field("", max_length=500, description="send_refund, update_estimate, ship …")
    after: str = Field("", max_length=64, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_ON_A_PAGE)


class LinePage(Shape):
    """The next deadline first, lines without one last."""

    lines: list[Line]
    next: str | None


def line_values(shown: ShownLine) -> dict[str, Any]:
    """A line as its shape has it: money as text."""
    return {**asdict(shown), "price": amount_text(shown.price, shown.currency)}
