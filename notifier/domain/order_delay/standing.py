"""Where does an order line stand, what is next and by when, and what may the customer choose?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifier.domain.business_days import add_business_days
from notifier.domain.order_delay.course import Course, Rules
from notifier.domain.order_delay.days import Until, day_of, is_later, start_of
from notifier.domain.order_delay.delivery import MISSED
from notifier.domain.order_delay.events import NoticeKind
from notifier.domain.order_delay.packs import Looks, RulePack
from notifier.domain.order_delay.refunds import Refund
from notifier.domain.order_delay.states import ALARMS, ChoiceKind, NextStep, State, Why

UPDATE_EVERY = timedelta(days=30)  # a word to those who wait without a date; policy
A_PERSON_SEES_TO_IT = timedelta(hours=48)  # before the deadline of a notice (trust OD-18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the line stands there: what happened, when, and the paragraph (or "policy")."""

    at: datetime
    why: Why
    paragraph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing the customer may choose. `until` is for WAIT only; None: as long as it takes."""

    kind: ChoiceKind
    until: Until = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDue:
    """A notice that must be offered: when at best, until when, and from when on by a person.

    `target` is the next business day after the delay was known. `last_day` is over at the instant
    `by`; both None where a day was missed already and every hour is late.
    """

    kind: NoticeKind
    is_renewed: bool
    revised: Until
    known_since: datetime
    target: date
    last_day: date | None
    by: datetime | None
    person_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The answer of `assess`.

    `promised` is T. `limit` is D: the last day on which the merchant may ship (EU and UK: must have
    delivered) as things stand; None: no such day. `deadline` is the next instant at which something
    lapses or is owed; None: none runs. `update_due`: the day by which somebody who waits without a
    date should hear from us again. `reasons` are in the order in which they came to be.
    """

    ref: str
    state: State
    pack: RulePack
    promised: date
    limit: Until
    deadline: datetime | None
    next_step: NextStep
    choices: tuple[Choice, ...]
    may_ship: bool
    notice: NoticeDue | None
    refund: Refund | None
    update_due: date | None
    reasons: tuple[Reason, ...]

    @property
    def alarms(self) -> tuple[Why, ...]:
        """The reasons of which a person should hear."""
        return tuple(reason.why for reason in self.reasons if reason.why in ALARMS)


def stand(rules: Rules, course: Course, *, now: datetime) -> Standing:
    """What the course of a line means at `now`."""
    notice = _notice_due(rules, course)
    state = _state(course, notice)
    update_due = _update_due(rules, course)
    return Standing(
        ref=rules.line.ref,
        state=state,
        pack=rules.pack,
        promised=course.promised,
        limit=course.limit,
        deadline=_deadline(rules, course),
        next_step=_next_step(rules, course, notice, now=now),
        choices=_choices(rules, course, now=now),
        may_ship=course.is_open and course.shipped_at is None,
        notice=notice,
        refund=course.refund,
        update_due=update_due,
        reasons=_reasons(rules, course, now=now),
    )


def _state(course: Course, notice: NoticeDue | None) -> State:
    if not course.is_open or course.state is State.NOT_COVERED:
        return course.state
    if course.shipped_at is not None:  # EU and UK: the promise stays open until delivery
        return State.SHIPPED
    if course.state in MISSED:
        return course.state
    if notice is not None:
        return State.NOTICE_DUE
    if course.asked and course.state in (State.OPEN, State.CONSENTED):
        return State.DATE_PROPOSED
    return course.state


def _notice_due(rules: Rules, course: Course) -> NoticeDue | None:
    if course.behind_since is None or course.limit is None or not course.is_open:
        return None
    revised = rules.expected(course)
    known_on = day_of(course.behind_since, rules.line.zone)
    target = add_business_days(known_on, 1, holidays=rules.pack.holidays)
    kind = rules.notice_needed(course, revised)
    is_late = course.state in MISSED
    by = None if is_late else rules.end(course.limit)
    return NoticeDue(
        kind=kind,
        is_renewed=kind is NoticeKind.RENEWED,
        revised=revised,
        known_since=course.behind_since,
        target=target if is_late else min(target, max(course.limit, known_on)),
        last_day=None if is_late else course.limit,
        by=by,
        person_from=None if by is None else by - A_PERSON_SEES_TO_IT,
    )


def _deadline(rules: Rules, course: Course) -> datetime | None:
    if course.state in (State.REFUND_DUE, State.MANUAL_REVIEW):
        return course.refund.by_at if course.refund else None
    has_lapsed = course.state in (State.DELIVERY_MISSED, State.MAY_TERMINATE)
    if not course.is_open or has_lapsed or course.limit is None:
        return None
    return rules.end(course.limit)


def _choices(rules: Rules, course: Course, *, now: datetime) -> tuple[Choice, ...]:
    """What an answer may be at this moment. Empty: nothing is left to choose."""
    can_withdraw = rules.pack.withdrawal_days is not None
    if course.shipped_at is not None and course.refund is None and can_withdraw:
        ends = rules.withdrawal_ends(course)
        is_open = ends is None or now < ends
        withdraw = [Choice(kind=ChoiceKind.WITHDRAW)] if is_open else []
        return (*withdraw, *_remedies(course))
    if not course.is_open:
        return ()
    offers = _open_offers(rules, course, now=now)
    waits = [Choice(kind=ChoiceKind.WAIT, until=until) for until in offers]
    ends_it = []
    if rules.pack.looks is Looks.AT_SHIPMENT:
        ends_it.append(Choice(kind=ChoiceKind.CANCEL))
    if can_withdraw:
        ends_it.append(Choice(kind=ChoiceKind.WITHDRAW))
    return (*waits, *ends_it, *_remedies(course))


def _open_offers(rules: Rules, course: Course, *, now: datetime) -> list[Until]:
    """Dates the customer can still agree to, the nearest first, "as long as it takes" last."""
    confirms = course.state in (State.OPTION_SHORT, State.OPTION_LONG)
    possible = [
        until
        for until in course.offered
        if (is_later(until, course.limit) or (confirms and until == course.limit))
        and (until is None or now < rules.end(until))
    ]
    return sorted(possible, key=lambda until: (until is None, until or date.min))


def _remedies(course: Course) -> tuple[Choice, ...]:
    if course.state is State.DELIVERY_MISSED:
        return (Choice(kind=ChoiceKind.SET_PERIOD),)
    if course.state is State.MAY_TERMINATE:
        return Choice(kind=ChoiceKind.SET_PERIOD), Choice(kind=ChoiceKind.TERMINATE)
    return ()


_OFFER_STEPS = {
    NoticeKind.FIRST_SHORT: NextStep.OFFER_OPTION,
    NoticeKind.FIRST_EXPLICIT: NextStep.OFFER_OPTION,
    NoticeKind.RENEWED: NextStep.OFFER_RENEWED_OPTION,
    NoticeKind.PROPOSAL: NextStep.PROPOSE_DATE,
}
_STEPS = {
    State.REFUND_DUE: NextStep.SEND_REFUND,
    State.MANUAL_REVIEW: NextStep.REVIEW,
    State.OPTION_LONG: NextStep.AWAIT_ANSWER,
    State.RENEWED_OPTION: NextStep.AWAIT_ANSWER,
    State.MAY_TERMINATE: NextStep.AWAIT_ANSWER,
}


def _next_step(
    rules: Rules, course: Course, notice: NoticeDue | None, *, now: datetime
) -> NextStep:
    if not course.is_open:
        return _STEPS.get(course.state, NextStep.NOTHING)
    if course.shipped_at is not None:
        return NextStep.CONFIRM_DELIVERY if course.state in MISSED else NextStep.NOTHING
    if notice is not None:
        return NextStep.REACH_ANOTHER_WAY if course.unreached else _OFFER_STEPS[notice.kind]
    if _over_estimate(rules, course, now=now) is not None:
        return NextStep.UPDATE_ESTIMATE
    update_due = _update_due(rules, course)
    if update_due is not None and now >= start_of(update_due, rules.line.zone):
        return NextStep.UPDATE_CUSTOMER
    is_pending = course.asked and course.state is not State.OPTION_SHORT  # there silence will do
    return NextStep.AWAIT_ANSWER if is_pending else _STEPS.get(course.state, NextStep.SHIP)


def _over_estimate(rules: Rules, course: Course, *, now: datetime) -> datetime | None:
    """When the day on which it was expected to ship ended, if it did and nothing was shipped."""
    ship_by = course.estimate.usable if course.estimate else None
    if ship_by is None or not course.is_open or course.shipped_at is not None:
        return None
    ended = rules.end(ship_by)
    return ended if ended <= now else None


def _update_due(rules: Rules, course: Course) -> date | None:
    if course.state is not State.CONSENTED_INDEFINITE or course.told_at is None:
        return None
    due = day_of(course.told_at, rules.line.zone) + UPDATE_EVERY
    told = course.told[0] if course.told else None
    return due if told is None else max(due, told + timedelta(days=1))  # until then it is no news


def _reasons(rules: Rules, course: Course, *, now: datetime) -> tuple[Reason, ...]:
    found = [(step.at, step.why) for step in course.steps]
    ended = _over_estimate(rules, course, now=now)
    if ended is not None:
        found.append((ended, Why.ESTIMATE_OVER))
    refund = course.refund
    if refund is not None and refund.sent_at is None:
        if now >= refund.by_at:
            found.append((refund.by_at, Why.REFUND_OVERDUE))
        elif now >= start_of(refund.alarm, rules.line.zone):
            found.append((start_of(refund.alarm, rules.line.zone), Why.REFUND_NEARLY_OVERDUE))
    paragraphs = rules.pack.paragraphs
    return tuple(Reason(at=at, why=why, paragraph=paragraphs[why]) for at, why in found)
