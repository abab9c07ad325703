"""How does a shop's server say what became of an order: shipped, arrived, refunded, not coming?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from flask import Blueprint
from pydantic import Field

from notifier.domain.money import read_money
from notifier.domain.order_delay import NextStep, State
from notifier.domain.scope import Scope
from notifier.services import report_order
from notifier.services.order_given import EtaSaid
from notifier.services.report_order import Reported, Shipment
from notifier.web.api.access import Caller
from notifier.web.api.operation import operation
from notifier.web.api.order_given_shapes import LineEta
from notifier.web.api.shapes import Amount, Key, Shape
from notifier.web.here import env
from notifier.web.read_json import HOOK_LIMIT

blueprint = Blueprint("order_reports", __name__)

MOST = 500
_WHEN = "With its time zone; not in the future."


class ShippedLine(Shape):
    """One line that was handed to the carrier."""

    ref: Key
    shipped_at: str = Field(
        max_length=100, description=_WHEN, examples=["2027-01-09T16:30:00-05:00"]
    )
    carrier: str = Field("", max_length=255)
    tracking: str = Field("", max_length=255)
    left_anyway: bool = Field(
        False,
        description="The order had ended, but the parcel could not be stopped. It is noted, a "
        "person is called, and the refund is owed all the same.",
    )


class ShipmentGiven(Shape):
    """A parcel. All of its lines are stored, or none."""

    lines: list[ShippedLine] = Field(min_length=1, max_length=MOST)


class DeliveredLine(Shape):
    """One line that arrived."""

    ref: Key
    delivered_at: str = Field(max_length=100, description=_WHEN)


class DeliveryGiven(Shape):
    """What arrived."""

    lines: list[DeliveredLine] = Field(min_length=1, max_length=MOST)


class RefundGiven(Shape):
    """The whole refund of one line. Of a line that was still open it says that it will not come."""

    line: Key
    sent_at: str = Field(max_length=100, description=_WHEN)
    reference: str = Field(
        min_length=1, max_length=255, description="By which it can be found at the provider."
    )
    amount: Amount | None = Field(None, description="For the record.")


class RefundBlockedGiven(Shape):
    """The money cannot go back the way it came; it must go another way."""

    line: Key
    found_at: str = Field(max_length=100, description=_WHEN)


class DeclineGiven(Shape):
    """The shop will not ship this line."""

    line: Key
    decided_at: str = Field(max_length=100, description=_WHEN)
    why: str = Field("", max_length=255, description="For the record.")


class ReviewGiven(Shape):
    """What came first, where parcel and cancellation bear the same instant."""

    line: Key
    shipped_first: bool


class LineStands(Shape):
    """Where a line stands now. `changed`: this was news. `review`: find out what came first and
    say so by POST …/review."""

    ref: str
    changed: bool
    review: bool
    state: State
    next_step: NextStep
    limit: date | None
    deadline: datetime | None
    refund_by: date | None


class LinesStand(Shape):
    """Where the lines stand now."""

    lines: list[LineStands]


@operation(
    "POST",
    "/orders/<path:ref>/shipments",
    scope=Scope.ORDERS_WRITE,
    summary="Say what has shipped",
    given=ShipmentGiven,
    answer=LinesStand,
    limit=HOOK_LIMIT,
    blueprint=blueprint,
)
def shipments(caller: Caller, given: ShipmentGiven, *, ref: str) -> LinesStand:
    """409 `cancelled` when a line ended before it shipped: nothing of the parcel is stored, and it
    must be stopped. What shipped before a cancellation is taken however late it is reported. At the
    same instant: `review` is true. 409 `contradiction` when it was reported with another time."""
    parcel = [Shipment(**one.model_dump()) for one in given.lines]
    return _stand(report_order.report_shipments(env(), caller.shop, ref, parcel, actor=caller.name))


@operation(
    "POST",
    "/orders/<path:ref>/deliveries",
    scope=Scope.ORDERS_WRITE,
    summary="Say what has arrived",
    given=DeliveryGiven,
    answer=LinesStand,
    limit=HOOK_LIMIT,
    blueprint=blueprint,
)
def deliveries(caller: Caller, given: DeliveryGiven, *, ref: str) -> LinesStand:
    """In the EU and the UK the promise is kept by delivery, and withdrawing is possible for 14 days
    from then on."""
    arrived = [(one.ref, one.delivered_at) for one in given.lines]
    return _stand(
        report_order.report_deliveries(env(), caller.shop, ref, arrived, actor=caller.name)
    )


@operation(
    "POST",
    "/orders/<path:ref>/refunds",
    scope=Scope.ORDERS_WRITE,
    summary="Say that a refund was sent",
    given=RefundGiven,
    answer=LineStands,
    blueprint=blueprint,
)
def refunds(caller: Caller, given: RefundGiven, *, ref: str) -> LineStands:
    """Nothing here moves money; this ends the alarm and completes the record."""
    return _one(
        report_order.report_refund(
            env(),
            caller.shop,
            ref,
            given.line,
            sent_at=given.sent_at,
            reference=given.reference,
            amount=_amount(given.amount),
            actor=caller.name,
        )
    )


@operation(
    "POST",
    "/orders/<path:ref>/refunds/blocked",
    scope=Scope.ORDERS_WRITE,
    summary="Say that a refund cannot go back the way the money came",
    given=RefundBlockedGiven,
    answer=LineStands,
    blueprint=blueprint,
)
def refund_blocked(caller: Caller, given: RefundBlockedGiven, *, ref: str) -> LineStands:
    """In the USA seven working days count from that discovery (16 CFR 435.1(b)(1)). 409
    `nothing_owed` where no refund is owed."""
    return _one(
        report_order.report_blocked(
            env(), caller.shop, ref, given.line, found_at=given.found_at, actor=caller.name
        )
    )


@operation(
    "POST",
    "/orders/<path:ref>/decline",
    scope=Scope.ORDERS_WRITE,
    summary="Say that a line will not be shipped",
    given=DeclineGiven,
    answer=LineStands,
    blueprint=blueprint,
)
def decline(caller: Caller, given: DeclineGiven, *, ref: str) -> LineStands:
    """The customer is told and a refund is owed from then on. 409 `closed` when it has shipped."""
    return _one(
        report_order.decline(
            env(),
            caller.shop,
            ref,
            given.line,
            at=given.decided_at,
            why=given.why,
            actor=caller.name,
        )
    )


@operation(
    "POST",
    "/orders/<path:ref>/review",
    scope=Scope.ORDERS_WRITE,
    summary="Say whether the parcel or the cancellation came first",
    given=ReviewGiven,
    answer=LineStands,
    blueprint=blueprint,
)
def review(caller: Caller, given: ReviewGiven, *, ref: str) -> LineStands:
    """409 `no_review` where nothing is to be found out."""
    return _one(
        report_order.review(
            env(),
            caller.shop,
            ref,
            given.line,
            shipped_first=given.shipped_first,
            actor=caller.name,
        )
    )


@operation(
    "POST",
    "/orders/<path:ref>/lines/<path:line>/eta",
    scope=Scope.ORDERS_WRITE,
    summary="Say when one line is expected to ship",
    given=LineEta,
    answer=LineStands,
    blueprint=blueprint,
)
def line_eta(caller: Caller, given: LineEta, *, ref: str, line: str) -> LineStands:
    """Counts for this line until its variant gets a newer date. A past date and a definite one
    without a source are refused."""
    said = EtaSaid(**given.model_dump())
    return _one(report_order.expect_line(env(), caller.shop, ref, line, said, actor=caller.name))


def _amount(said: Amount | None) -> Decimal | None:
    money = read_money(said, field="amount")
    return money.amount if money else None


def _stand(done: Sequence[Reported]) -> LinesStand:
    return LinesStand(lines=[_one(one) for one in done])


def _one(done: Reported) -> LineStands:
    standing = done.standing
    return LineStands(
        ref=done.ref,
        changed=done.changed,
        review=done.review,
        state=standing.state,
        next_step=standing.next_step,
        limit=standing.limit,
        deadline=standing.deadline,
        refund_by=standing.refund.by if standing.refund else None,
    )
