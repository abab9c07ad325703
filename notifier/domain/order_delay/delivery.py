"""What does a law that looks at delivery do: CRD art. 18 in the EU, CRA s.28 in the UK?

Nothing happens by itself here. A new date is a proposal, and silence changes nothing. When the day
is missed the customer may set an additional period, and end the contract when that is missed too;
at once where the day was essential. Withdrawing needs no reason, until 14 days after delivery.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from notifier.domain.order_delay.course import Course, Rules
from notifier.domain.order_delay.days import Until, is_later
from notifier.domain.order_delay.events import (
    Cancelled,
    Delivered,
    Kept,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    Shipped,
    Withdrawn,
)
from notifier.domain.order_delay.states import State, Why

_IN_TIME = (State.OPEN, State.CONSENTED, State.CONSENTED_INDEFINITE)
MISSED = (State.DELIVERY_MISSED, State.EXTRA_PERIOD, State.MAY_TERMINATE)


class DeliveryRules(Rules):
    """One line under CRD art. 18 or CRA s.28. `limit` is the day by which it must have arrived."""

    def lapse(self, course: Course, at: datetime) -> Course:
        if not course.is_open or course.limit is None or at < self.end(course.limit):
            return course
        ended = self.end(course.limit)
        if course.state in _IN_TIME:
            if self.line.date_is_essential:
                course = replace(course, state=State.MAY_TERMINATE)
                return course.noting(ended, Why.ESSENTIAL_DATE_MISSED)
            return replace(course, state=State.DELIVERY_MISSED).noting(ended, Why.DELIVERY_MISSED)
        if course.state is State.EXTRA_PERIOD:
            return replace(course, state=State.MAY_TERMINATE).noting(ended, Why.PERIOD_MISSED)
        return course

    def offer(self, course: Course, notice: NoticeOffered) -> Course:
        if notice.kind is not NoticeKind.PROPOSAL:  # it told that silence would mean something
            return course.noting(notice.at, Why.NOTICE_OF_WRONG_KIND)
        if not is_later(notice.revised, course.limit):
            return course
        course = replace(
            course,
            asked=(notice.revised,),
            offered=course.offered | {notice.revised, *notice.also_asks},
        )
        return course.noting(notice.at, Why.DATE_PROPOSED)

    def keep(self, course: Course, answer: Kept) -> Course:
        is_over = answer.until is not None and self.end(answer.until) <= answer.at
        if is_over or not is_later(answer.until, course.limit):
            return course.noting(answer.at, Why.CONSENT_CHANGES_NOTHING)
        if answer.until is None:
            course = replace(course, state=State.CONSENTED_INDEFINITE, limit=None, asked=())
            return course.noting(answer.at, Why.CONSENTED_INDEFINITELY)
        course = replace(course, state=State.CONSENTED, limit=answer.until, asked=())
        return course.noting(answer.at, Why.CONSENTED)

    def cancel(self, course: Course, event: Cancelled | Withdrawn) -> Course:
        if not course.is_open and course.state is not State.DELIVERED:
            return course.noting(event.at, Why.ANSWER_TOO_LATE)
        if course.state is State.MAY_TERMINATE:
            return self.owe(course, at=event.at, ground=Why.TERMINATED)
        if course.shipped_at is not None:
            return self.withdraw(course, event)
        ground = Why.CANCELLED_BY_POLICY if course.state is State.NOT_COVERED else Why.WITHDRAWN
        return self.owe(course, at=event.at, ground=ground)

    def ship(self, course: Course, event: Shipped) -> Course:
        if course.shipped_at is not None:  # a second scan
            return course
        return replace(course, shipped_at=event.at).noting(event.at, Why.SHIPPED)

    def deliver(self, course: Course, event: Delivered) -> Course:
        shipped_at = course.shipped_at or event.at
        course = replace(course, state=State.DELIVERED, shipped_at=shipped_at)
        return course.noting(event.at, Why.DELIVERED)

    def set_period(self, course: Course, event: PeriodSet) -> Course:
        is_over = event.until is None or self.end(event.until) <= event.at
        if course.state not in MISSED or is_over or not is_later(event.until, course.limit):
            return course.noting(event.at, Why.PERIOD_NOT_OPEN)
        course = replace(course, state=State.EXTRA_PERIOD, limit=event.until)
        return course.noting(event.at, Why.PERIOD_SET)

    def notice_needed(self, course: Course, revised: Until) -> NoticeKind:
        return NoticeKind.PROPOSAL
