"""In which shape does a shop's server see orders that wait?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import Field

from notifier.domain.money import amount_text
from notifier.domain.order_delay import NextStep, State
from notifier.services.see_order import ShownLine
from notifier.web.api.shapes import MOST_ON_A_PAGE, Shape


class Choice(Shape):
    """What the customer may answer at this moment."""

    kind: str
    until: date | None = Field(description="For `wait`; null: as long as it takes.")
    paragraph: str = Field(description='What gives the customer this choice, or "policy".')


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
