"""Which notice does the law want for a new expected date, by when, and what must it say?

The clauses are what a template must hold; a notice that lacks one of them is no offer and must not
be sent (trust OD-4, OD-14).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from notifier.domain.order_delay.assess import rules_for
from notifier.domain.order_delay.course import Course, Rules
from notifier.domain.order_delay.days import Until, in_utc, is_later
from notifier.domain.order_delay.events import EstimateChanged, NoticeKind
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.shipment import ShipmentRules
from notifier.domain.order_delay.standing import NoticeDue, Standing, stand
from notifier.domain.order_delay.states import State


class OrderMessage(StrEnum):
    """The messages about order lines that a new date can lead to."""

    ORDER_BACKORDERED = "order_backordered"
    DELAY_NOTICE = "delay_notice"
    DELAY_RENEWED = "delay_renewed"
    ORDER_ETA_BETTER = "order_eta_better"


class Silence(StrEnum):
    """What happens if the customer does not answer."""

    CONSENTS = "consents"
    CANCELS = "cancels"
    NOTHING = "nothing"


class Refusal(StrEnum):
    """Why the date that was given is not told."""

    NO_BASIS = "no_basis"  # nobody stands behind it: only "we cannot say when" is possible
    DATE_IS_OVER = "date_is_over"


class Clause(StrEnum):
    """One thing that a notice has to say."""

    CHOICE = "choice"  # to wait or to cancel, (b)(1)
    PROMPT_REFUND = "prompt_refund"  # (b)(1)(i)
    DEFINITE_DATE = "definite_date"  # (b)(1)(i), (b)(2)(i)
    NO_DATE = "no_date"  # "we cannot say how long", (b)(1)(i), (b)(2)(i)
    REASON = "reason"  # for the delay, with NO_DATE; FTC business guide
    DEEMED_CONSENT = "deemed_consent"  # (b)(1)(ii)
    AUTOMATIC_CANCELLATION = "automatic_cancellation"  # (b)(1)(iii)
    SILENCE_REJECTS = "silence_rejects"  # (b)(2)(ii)
    CONTINUING_RIGHT = "continuing_right"  # to cancel at any time, (b)(1)(iii)(B), (b)(2)(ii)
    MEANS_TO_ANSWER = "means_to_answer"  # a link that costs nothing, (b)(3)
    SILENCE_CHANGES_NOTHING = "silence_changes_nothing"  # CRD 18, CRA 28
    RIGHT_TO_WITHDRAW = "right_to_withdraw"  # CRD 9, CCR 29
    WITHDRAWAL_FUNCTION = "withdrawal_function"  # CRD 11a: "withdraw from contract here"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePlan:
    """What to tell one customer about an expected date. `message` None: nothing is to be told.

    `revised`: the date to state, None: say that no date can be given. `due`: by when a notice of
    the law must be offered; None for news. `answer_by`: the last day on which an answer counts; it
    is over at the instant `answer_until`, and silence has its effect then.
    """

    message: OrderMessage | None
    kind: NoticeKind
    revised: Until
    silence: Silence
    due: NoticeDue | None
    answer_by: date | None
    answer_until: datetime | None
    clauses: frozenset[Clause]
    refused: Refusal | None

    def missing(self, present: Iterable[Clause]) -> frozenset[Clause]:
        """The clauses that a text lacks. If there are any, it is inadequate: do not send it."""
        return self.clauses - frozenset(present)


def plan_notice(
    line: Line, estimate: EstimateChanged | None = None, *, now: datetime
) -> NoticePlan:
    """What the law wants told at `now` if `estimate` becomes known; None: as things already are.

    A date without a basis, or one that is over, is refused and the plan made without a date (cases
    F40; trust OD-5). Raises InvalidInput for a `now` that `assess` would refuse.
    """
    return plan_with_standing(line, estimate, now=now)[0]


def plan_with_standing(
    line: Line, estimate: EstimateChanged | None = None, *, now: datetime
) -> tuple[NoticePlan, Standing]:
    """The plan, and where the line will stand once the estimate is known."""
    now = in_utc(now, field="now")
    if estimate is not None:
        at = min(estimate.at, now)
        line = replace(line, events=(*line.events, replace(estimate, at=at)))
    rules = rules_for(line)
    course = rules.follow(now)
    standing = stand(rules, course, now=now)
    return _plan(rules, course, standing.notice, now=now), standing


def _plan(rules: Rules, course: Course, due: NoticeDue | None, *, now: datetime) -> NoticePlan:
    estimate = course.estimate
    if estimate is None or not course.is_open or course.shipped_at is not None:
        return _nothing(None)
    refused = _refusal(rules, estimate, now=now)
    revised = None if refused else rules.expected(course)
    if due is not None:
        return _legal_notice(rules, course, due, revised=revised, refused=refused)
    if refused is Refusal.DATE_IS_OVER:
        return _nothing(refused)
    return _news(rules, course, revised=revised, refused=refused)


def _refusal(rules: Rules, estimate: EstimateChanged, *, now: datetime) -> Refusal | None:
    if estimate.ship_by is None:
        return None
    if not estimate.has_basis:
        return Refusal.NO_BASIS
    return Refusal.DATE_IS_OVER if rules.end(estimate.ship_by) <= now else None


def _legal_notice(
    rules: Rules, course: Course, due: NoticeDue, *, revised: Until, refused: Refusal | None
) -> NoticePlan:
    kind = rules.notice_needed(course, revised)
    answer_by = _answer_by(rules, course, kind, revised=revised)
    is_renewed = kind is NoticeKind.RENEWED
    return NoticePlan(
        message=OrderMessage.DELAY_RENEWED if is_renewed else OrderMessage.DELAY_NOTICE,
        kind=kind,
        revised=revised,
        silence=_SILENCE[kind],
        due=replace(due, kind=kind, revised=revised),
        answer_by=answer_by,
        answer_until=None if answer_by is None else rules.end(answer_by),
        clauses=_clauses(rules, kind, revised=revised),
        refused=refused,
    )


def _answer_by(rules: Rules, course: Course, kind: NoticeKind, *, revised: Until) -> date | None:
    if not isinstance(rules, ShipmentRules):
        return None
    if course.state is State.OPEN:
        return rules.first_limit(course, revised)
    return course.limit


_SILENCE = {
    NoticeKind.FIRST_SHORT: Silence.CONSENTS,
    NoticeKind.FIRST_EXPLICIT: Silence.CANCELS,
    NoticeKind.RENEWED: Silence.CANCELS,
    NoticeKind.PROPOSAL: Silence.NOTHING,
    NoticeKind.COURTESY: Silence.NOTHING,
}
_OF_SILENCE = {
    NoticeKind.FIRST_SHORT: Clause.DEEMED_CONSENT,
    NoticeKind.FIRST_EXPLICIT: Clause.AUTOMATIC_CANCELLATION,
    NoticeKind.RENEWED: Clause.SILENCE_REJECTS,
    NoticeKind.PROPOSAL: Clause.SILENCE_CHANGES_NOTHING,
}


def _clauses(rules: Rules, kind: NoticeKind, *, revised: Until) -> frozenset[Clause]:
    clauses = {Clause.CHOICE, Clause.PROMPT_REFUND, Clause.MEANS_TO_ANSWER, _OF_SILENCE[kind]}
    if revised is not None:
        clauses.add(Clause.DEFINITE_DATE)
    else:
        clauses |= {Clause.NO_DATE, Clause.REASON, Clause.CONTINUING_RIGHT}
    return frozenset(clauses) | _always(rules)


def _always(rules: Rules) -> frozenset[Clause]:
    """What every message about an order has to hold (case E7)."""
    clauses = set()
    if rules.pack.withdrawal_days is not None:
        clauses.add(Clause.RIGHT_TO_WITHDRAW)
    if rules.pack.withdrawal_function:
        clauses.add(Clause.WITHDRAWAL_FUNCTION)
    return frozenset(clauses)


def _news(rules: Rules, course: Course, *, revised: Until, refused: Refusal | None) -> NoticePlan:
    """A courtesy: it tells a date that the law does not make us tell, and moves no deadline."""
    if not course.told:
        message = OrderMessage.ORDER_BACKORDERED
    elif revised == course.told[0]:
        return _nothing(refused)
    elif is_later(course.told[0], revised):
        message = OrderMessage.ORDER_ETA_BETTER
    else:
        message = OrderMessage.ORDER_BACKORDERED
    return replace(_nothing(refused), message=message, revised=revised, clauses=_always(rules))


def _nothing(refused: Refusal | None) -> NoticePlan:
    return NoticePlan(
        message=None,
        kind=NoticeKind.COURTESY,
        revised=None,
        silence=Silence.NOTHING,
        due=None,
        answer_by=None,
        answer_until=None,
        clauses=frozenset(),
        refused=refused,
    )
