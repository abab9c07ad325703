"""What does a law that looks at shipment do: 16 CFR 435, and the strictest pack?

The transitions are those of trust 3.3. A first delay may pass on silence, if it is short; whatever
follows needs the customer's word, and silence ends the order without anybody asking for it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

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

_LAPSED = {
    State.OPEN: Why.NO_OPTION_OFFERED,
    State.OPTION_SHORT: Why.NO_RENEWED_OPTION_OFFERED,
    State.CONSENTED: Why.NO_RENEWED_OPTION_OFFERED,
    State.OPTION_LONG: Why.LONG_OPTION_LAPSED,
    State.RENEWED_OPTION: Why.RENEWED_OPTION_LAPSED,
}

# Which kinds do for the one that is needed: silence may be taken for less than the law allows.
_GOOD_FOR = {
    NoticeKind.FIRST_SHORT: {NoticeKind.FIRST_SHORT, NoticeKind.FIRST_EXPLICIT},
    NoticeKind.FIRST_EXPLICIT: {NoticeKind.FIRST_EXPLICIT},
    NoticeKind.RENEWED: {NoticeKind.RENEWED},
}


class ShipmentRules(Rules):
    """16 CFR 435.2, per line."""

    def lapse(self, course: Course, at: datetime) -> Course:
        if not course.is_open or course.limit is None or at < self.end(course.limit):
            return course
        return self.owe(course, at=self.end(course.limit), ground=_LAPSED[course.state])

    def offer(self, course: Course, notice: NoticeOffered) -> Course:
        if not is_later(notice.revised, course.limit):
            return course  # no delay beyond what is agreed: news only
        if notice.kind not in _GOOD_FOR[self.notice_needed(course, notice.revised)]:
            # silence says nothing then; who has read it may agree to its dates all the same
            return _asking(course, notice).noting(notice.at, Why.NOTICE_OF_WRONG_KIND)
        course = replace(_asking(course, notice), asked=(notice.revised,))
        if course.state is State.OPEN:
            return self._first(course, notice)
        if course.state is State.OPTION_LONG:  # still the first option, with another date
            return course.noting(notice.at, Why.OPTION_LONG_OFFERED)
        course = replace(course, state=State.RENEWED_OPTION)
        return course.noting(notice.at, Why.RENEWED_OPTION_OFFERED)

    def keep(self, course: Course, answer: Kept) -> Course:
        if answer.until is None:
            if course.limit is None:
                return course.noting(answer.at, Why.CONSENT_CHANGES_NOTHING)
            course = replace(course, state=State.CONSENTED_INDEFINITE, limit=None, asked=())
            return course.noting(answer.at, Why.CONSENTED_INDEFINITELY)
        is_first_option = course.state in (State.OPTION_SHORT, State.OPTION_LONG)
        confirms = is_first_option and answer.until == course.limit
        if not confirms and not is_later(answer.until, course.limit):
            return course.noting(answer.at, Why.CONSENT_CHANGES_NOTHING)
        is_asked = course.asked == (answer.until,) or course.state is State.OPEN
        why = Why.CONSENTED if is_asked else Why.CONSENTED_TO_FURTHER_DELAY
        course = replace(course, state=State.CONSENTED, limit=answer.until, asked=())
        return course.noting(answer.at, why)

    def offer_late(self, course: Course, notice: NoticeOffered) -> Course:
        course = super().offer_late(course, notice)
        if _ended_unheard(course) and notice.delivered and notice.adequate:
            return _asking(course, notice)
        return course

    def keep_late(self, course: Course, answer: Kept) -> Course:
        """Where the order is over only because the first notice came back: nobody knew that when
        a later one was sent and answered, and who agreed to it expressly wants the goods."""
        if _ended_unheard(course) and answer.until in course.offered:
            again = replace(course, state=State.OPEN, refund=None)
            after = self.agreed(again, answer)
            if after.state is not State.OPEN:
                return after
        return super().keep_late(course, answer)

    def cancel(self, course: Course, event: Cancelled | Withdrawn) -> Course:
        if course.state is State.NOT_COVERED:
            return self.owe(course, at=event.at, ground=Why.CANCELLED_BY_POLICY)
        if course.is_open:
            return self.owe(course, at=event.at, ground=Why.CANCELLED)
        if course.state is not State.SHIPPED:
            return course.noting(event.at, Why.ANSWER_TOO_LATE)
        if self.pack.withdrawal_days is None:
            return course.noting(event.at, Why.CANCELLED_AFTER_SHIPMENT)
        return self.withdraw(course, event)

    def ship(self, course: Course, event: Shipped) -> Course:
        course = replace(course, state=State.SHIPPED, shipped_at=event.at)
        return course.noting(event.at, Why.SHIPPED)

    def deliver(self, course: Course, event: Delivered) -> Course:
        if course.is_open:  # nobody told us of the shipment
            return self.ship(course, Shipped(at=event.at)).noting(event.at, Why.DELIVERED)
        return course.noting(event.at, Why.DELIVERED)

    def set_period(self, course: Course, event: PeriodSet) -> Course:
        return course.noting(event.at, Why.PERIOD_NOT_OPEN)

    def notice_needed(self, course: Course, revised: Until) -> NoticeKind:
        if course.state is State.OPEN:
            is_short = revised is not None and revised <= self._last_day_of_silence(course)
            # The first notice came back, a later one arrived: who has read it learns of a second
            # delay, whatever becomes known of the first.
            is_first = all(step.why is not Why.NOTICE_OF_WRONG_KIND for step in course.steps)
            if is_short and is_first and self.pack.silence_may_consent:
                return NoticeKind.FIRST_SHORT
            return NoticeKind.FIRST_EXPLICIT
        if course.state is State.OPTION_LONG:
            return NoticeKind.FIRST_EXPLICIT
        return NoticeKind.RENEWED

    def first_limit(self, course: Course, revised: Until) -> date:
        """The last day to ship after a first notice that met silence."""
        last = self._last_day_of_silence(course)
        return last if revised is None else min(revised, last)

    def _first(self, course: Course, notice: NoticeOffered) -> Course:
        limit = self.first_limit(course, notice.revised)
        if notice.kind is NoticeKind.FIRST_SHORT:
            course = replace(course, state=State.OPTION_SHORT, limit=limit)
            return course.noting(notice.at, Why.OPTION_SHORT_OFFERED)
        course = replace(course, state=State.OPTION_LONG, limit=limit)
        return course.noting(notice.at, Why.OPTION_LONG_OFFERED)

    def _last_day_of_silence(self, course: Course) -> date:
        return course.promised + timedelta(days=self.pack.option_days)


def _asking(course: Course, notice: NoticeOffered) -> Course:
    """The customer has been asked to agree to what stands in a notice."""
    return replace(course, offered=course.offered | {notice.revised, *notice.also_asks})


def _ended_unheard(course: Course) -> bool:
    """Whether the money is owed because the first notice was offered and did not arrive."""
    no_option = course.refund is not None and course.refund.ground is Why.NO_OPTION_OFFERED
    came_back = any(step.why is Why.NOTICE_UNDELIVERED for step in course.steps)
    return course.state is State.REFUND_DUE and no_option and came_back
