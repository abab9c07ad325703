"""What may the customer of an order line say at this moment, and was it said before?

Pure: whoever asks holds the line's lock. `why_not` names why something is not possible (any more),
so that a page can say it in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from notifier.domain.order_delay import ChoiceKind, Standing, State, Until, Why
from notifier.domain.order_history import Happened
from notifier.errors import Conflict, InvalidInput
from notifier.services.order_case import Case
from notifier.services.order_offer import offered_dates
from notifier.services.order_swap import local_day

LONGEST_PERIOD = timedelta(days=365)
USUAL_PERIOD = timedelta(days=14)  # what the form suggests; the law says "appropriate"


class AnswerKind(StrEnum):
    """What a form posts as `act`."""

    WAIT = "wait"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"  # EU, UK
    TERMINATE = "terminate"  # EU, UK, after a missed date
    SET_PERIOD = "set_period"  # EU, UK, after a missed date
    QUANTITY = "quantity"
    SWAP = "swap"


ENDS_IT = frozenset({AnswerKind.CANCEL, AnswerKind.WITHDRAW, AnswerKind.TERMINATE})
CHANGES_IT = frozenset({AnswerKind.QUANTITY, AnswerKind.SWAP})
BY_CUSTOMER = frozenset(
    {
        Why.CANCELLED,
        Why.CANCELLED_BY_POLICY,
        Why.WITHDRAWN,
        Why.WITHDRAWN_AFTER_SHIPMENT,
        Why.TERMINATED,
    }
)
"""Grounds of a refund that are the customer's own word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the customer chose. `until` for WAIT (None: as long as it takes) and SET_PERIOD;
    `quantity` and `variant` (its key) for what they name."""

    kind: AnswerKind
    until: Until = None
    quantity: int = 0
    variant: str = ""


def said_before(case: Case, standing: Standing, answer: Answer) -> datetime | None:
    """When this very answer was given and still holds; None when it is news."""
    if standing.state is State.MANUAL_REVIEW:  # what it is worth, a person is finding out
        return None
    if answer.kind in ENDS_IT:
        refund = standing.refund
        return refund.vested_at if refund and refund.ground in BY_CUSTOMER else None
    if answer.kind is AnswerKind.WAIT:
        waits = standing.state in (State.CONSENTED, State.CONSENTED_INDEFINITE)
        holds = waits and standing.limit == answer.until
        return _last_with(case, Happened.KEPT, "until", _iso(answer.until)) if holds else None
    if answer.kind is AnswerKind.SET_PERIOD:
        holds = standing.state is State.EXTRA_PERIOD and standing.limit == answer.until
        return _last_with(case, Happened.PERIOD, "until", _iso(answer.until)) if holds else None
    if answer.kind is AnswerKind.QUANTITY and answer.quantity == case.line.quantity:
        return _last_with(case, Happened.CHANGED, "quantity", answer.quantity)
    if answer.kind is AnswerKind.SWAP:
        return _last_with(case, Happened.CHANGED, "variant", answer.variant, only_latest=True)
    return None


def refuse_impossible(case: Case, standing: Standing, answer: Answer, *, now: datetime) -> None:
    """Raises Conflict with the code of `why_over` or `not_offered`, `not_open`; InvalidInput for a
    date or a quantity that is none."""
    if answer.kind is AnswerKind.WAIT:
        _need_open(standing)
        if answer.until not in offered_dates(case, standing, now=now):
            raise Conflict("not_offered", "The date has changed; nothing was recorded.")
    elif answer.kind in ENDS_IT:
        wanted = ChoiceKind(answer.kind.value)
        if wanted not in {choice.kind for choice in standing.choices}:
            raise Conflict(why_over(standing) or "not_open", "It cannot be cancelled now.")
    elif answer.kind is AnswerKind.SET_PERIOD:
        _check_period(case, standing, answer.until, now=now)
    else:
        _need_open(standing)
        if answer.kind is AnswerKind.QUANTITY:
            _check_quantity(case, answer.quantity)


def may_change(standing: Standing) -> bool:
    """Whether quantity and goods may still be changed."""
    return standing.may_ship


def why_over(standing: Standing) -> str:
    """Why nothing can be chosen any more: cancelled, lapsed, declined, shipped, delivered, review;
    empty while something can."""
    refund = standing.refund
    if standing.state is State.MANUAL_REVIEW:
        return "review"
    if refund is not None:
        if refund.ground in BY_CUSTOMER:
            return "cancelled"
        return "declined" if refund.ground is Why.SELLER_DECLINED else "lapsed"
    if standing.state is State.DELIVERED:
        return "delivered"
    return "" if standing.may_ship else "shipped"


def days_of_period(case: Case, now: datetime) -> tuple[date, date, date]:
    """The first, the suggested and the last day that an additional period may end on."""
    today = local_day(case, now)
    return today + timedelta(days=1), today + USUAL_PERIOD, today + LONGEST_PERIOD


def _need_open(standing: Standing) -> None:
    why = why_over(standing)
    if why:
        raise Conflict(why, "This line is not open any more.")


def _check_period(case: Case, standing: Standing, until: Until, *, now: datetime) -> None:
    if not any(choice.kind is ChoiceKind.SET_PERIOD for choice in standing.choices):
        raise Conflict(why_over(standing) or "not_open", "No additional period can be set now.")
    first, _, last = days_of_period(case, now)
    if until is None or not first <= until <= last:
        raise InvalidInput.of(
            "until",
            "out_of_range",
            f"Give a date from {first} to {last}, such as {first}.",
            first=first,
            last=last,
        )


def _check_quantity(case: Case, quantity: int) -> None:
    most = case.line.quantity - 1
    if not 1 <= quantity <= most:
        raise InvalidInput.of(
            "quantity",
            "out_of_range",
            f"{quantity} is not between 1 and {most}; cancel instead.",
            first=1,
            last=most,
        )


def _last_with(
    case: Case, kind: Happened, name: str, value: object, *, only_latest: bool = False
) -> datetime | None:
    found = [one for one in case.events if one.kind == kind and name in one.facts]
    if only_latest:
        found = found[-1:]
    matching = [one.at for one in found if one.facts[name] == value]
    return matching[-1] if matching else None


def _iso(day: Until) -> str | None:
    return day.isoformat() if day else None
