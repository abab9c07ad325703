"""Where has the history of an order line led, and what do all laws do alike on the way?

`Rules.follow` walks through the events in order. Before each, and at the end, it lets lapse what
has run out by then: so an evaluation that comes late finds what an early one would have found.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from notifier.domain.order_delay.days import Until, day_of, end_of, is_later
from notifier.domain.order_delay.events import (
    Cancelled,
    Delivered,
    EstimateChanged,
    Event,
    Kept,
    NoShipDecided,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    RefundBlocked,
    RefundSent,
    Reviewed,
    Shipped,
    Withdrawn,
    in_order,
)
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.packs import Looks, RulePack
from notifier.domain.order_delay.promised import promised_day
from notifier.domain.order_delay.refunds import Refund, refund_from, when_blocked
from notifier.domain.order_delay.states import State, Why

_OVER = (
    State.SHIPPED,
    State.DELIVERED,
    State.REFUND_DUE,
    State.REFUNDED,
    State.MANUAL_REVIEW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reason and since when it holds."""

    at: datetime
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where a line stands between two events.

    `limit`: the last day on which the merchant may fulfil as things stand; None: no such day.
    `asked`: the date of an option that waits for its answer, in a tuple of one; empty if none does.
    `offered`: everything the customer was ever asked to agree to. `behind_since`: since when the
    expected date lies beyond limit and option. `told`: the last date the customer heard, in a
    tuple of one. `unreached`: the last notice that was needed did not arrive.
    """

    state: State
    promised: date
    limit: Until
    steps: tuple[Step, ...]
    asked: tuple[Until, ...] = ()
    offered: frozenset[Until] = frozenset()
    estimate: EstimateChanged | None = None
    behind_since: datetime | None = None
    told: tuple[Until, ...] = ()
    told_at: datetime | None = None
    unreached: bool = False
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    refund: Refund | None = None
    refund_was_blocked: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the line can still be fulfilled or cancelled."""
        return self.state not in _OVER

    def noting(self, at: datetime, why: Why) -> Course:
        return replace(self, steps=(*self.steps, Step(at=at, why=why)))


class Rules(ABC):
    """One law applied to one line. What differs from law to law is abstract."""

    def __init__(self, line: Line, pack: RulePack) -> None:
        self.line = line
        self.pack = pack
        counts_transit = pack.looks is Looks.AT_DELIVERY
        self._transit = timedelta(days=line.transit_days if counts_transit else 0)

    def follow(self, now: datetime) -> Course:
        """The course of the line up to and including `now`."""
        course = self._begin()
        for event in in_order(self.line.events):
            if event.at > now:
                break
            course = self._apply(self.lapse(course, event.at), event)
            course = self._look_for_delay(course, event.at)
        return self.lapse(course, now)

    @abstractmethod
    def lapse(self, course: Course, at: datetime) -> Course:
        """The course after everything has run out that ends at or before `at`."""

    @abstractmethod
    def offer(self, course: Course, notice: NoticeOffered) -> Course:
        """The course after a notice that arrived and was adequate, on a line that is open."""

    @abstractmethod
    def keep(self, course: Course, answer: Kept) -> Course:
        """The course after the customer agreed to a date he was asked for; the line is open."""

    @abstractmethod
    def cancel(self, course: Course, event: Cancelled | Withdrawn) -> Course:
        """The course after the customer wants no more of it, in whatever state."""

    @abstractmethod
    def ship(self, course: Course, event: Shipped) -> Course:
        """The course after the goods left, on a line that is open."""

    @abstractmethod
    def deliver(self, course: Course, event: Delivered) -> Course:
        """The course after the goods arrived, on a line that is not cancelled."""

    @abstractmethod
    def set_period(self, course: Course, event: PeriodSet) -> Course:
        """The course after the customer set an additional period, on a line that is open."""

    @abstractmethod
    def notice_needed(self, course: Course, revised: Until) -> NoticeKind:
        """Which kind of notice the law wants for a delay until `revised`."""

    def offer_late(self, course: Course, notice: NoticeOffered) -> Course:
        """The course after a notice of the law for a line whose money is owed."""
        return course.noting(notice.at, Why.NOTICE_TOO_LATE)

    def keep_late(self, course: Course, answer: Kept) -> Course:
        """The course after the customer agreed to a date; the line is over."""
        return course.noting(answer.at, Why.ANSWER_TOO_LATE)

    def expected(self, course: Course) -> Until:
        """The day the law looks at, by the current estimate; None: unknown."""
        ship_by = course.estimate.usable if course.estimate else None
        return None if ship_by is None else ship_by + self._transit

    def reaches(self, course: Course) -> Until:
        """How far consent and open options go."""
        return course.asked[0] if course.asked else course.limit

    def end(self, day: date) -> datetime:
        return end_of(day, self.line.zone)

    def owe(self, course: Course, *, at: datetime, ground: Why) -> Course:
        """The course after the order ended and the money is owed."""
        refund = refund_from(self.line, self.pack, at=at, ground=ground)
        return replace(course, state=State.REFUND_DUE, refund=refund).noting(at, ground)

    def withdraw(self, course: Course, event: Cancelled | Withdrawn) -> Course:
        """The course after a withdrawal that came when the goods had left."""
        ends = self.withdrawal_ends(course)
        if ends is not None and event.at >= ends:
            return course.noting(event.at, Why.WITHDRAWN_TOO_LATE)
        return self.owe(course, at=event.at, ground=Why.WITHDRAWN_AFTER_SHIPMENT)

    def withdrawal_ends(self, course: Course) -> datetime | None:
        """When the right to withdraw is over; None: it is not running yet, or there is none."""
        if course.delivered_at is None or self.pack.withdrawal_days is None:
            return None
        arrived = day_of(course.delivered_at, self.line.zone)
        return self.end(arrived + timedelta(days=self.pack.withdrawal_days))

    def _begin(self) -> Course:
        line, pack = self.line, self.pack
        promised, why = promised_day(line, pack)
        begun = line.completed_at
        if line.excluded in pack.exclusions:
            out = Step(at=begun, why=Why.EXCLUDED)
            return Course(state=State.NOT_COVERED, promised=promised, limit=None, steps=(out,))
        timed = Step(at=begun, why=why)
        return Course(state=State.OPEN, promised=promised, limit=promised, steps=(timed,))

    def _apply(self, course: Course, event: Event) -> Course:
        match event:
            case EstimateChanged():
                return self._estimate(course, event)
            case NoticeOffered():
                return self._notice(course, event)
            case Kept():
                return self._answer(course, event)
            case Cancelled() | Withdrawn():
                return self.cancel(course, event)
            case PeriodSet():
                return self.set_period(course, event) if course.is_open else course
            case NoShipDecided():
                return self._decline(course, event)
            case Shipped():
                return self._shipment(course, event)
            case Delivered():
                return self._delivery(course, event)
            case Reviewed() | RefundBlocked() | RefundSent():
                return self._settle(course, event)

    def _estimate(self, course: Course, event: EstimateChanged) -> Course:
        course = replace(course, estimate=event)
        if event.ship_by is not None and not event.has_basis and course.is_open:
            return course.noting(event.at, Why.DATE_WITHOUT_BASIS)
        return course

    def _notice(self, course: Course, notice: NoticeOffered) -> Course:
        if not course.is_open:
            is_too_late = course.state is State.REFUND_DUE and notice.kind != NoticeKind.COURTESY
            return self.offer_late(course, notice) if is_too_late else course
        if notice.kind is NoticeKind.COURTESY:
            return heard(course, notice) if notice.delivered else course
        if course.estimate is None:  # who tells of a delay knows of it
            ship_by = None if notice.revised is None else notice.revised - self._transit
            course = replace(course, estimate=EstimateChanged(at=notice.at, ship_by=ship_by))
        if not notice.delivered:
            return replace(course, unreached=True).noting(notice.at, Why.NOTICE_UNDELIVERED)
        course = replace(heard(course, notice), unreached=False)
        if not notice.adequate:
            return course.noting(notice.at, Why.NOTICE_INADEQUATE)
        return self.offer(course, notice)

    def _answer(self, course: Course, answer: Kept) -> Course:
        if not course.is_open:
            return self.keep_late(course, answer)
        if answer.until not in course.offered:
            return course.noting(answer.at, Why.CONSENT_NOT_ASKED_FOR)
        return self.agreed(course, answer)

    def agreed(self, course: Course, answer: Kept) -> Course:
        """The course after the customer agreed, who has then heard that date."""
        after = self.keep(course, answer)
        if (after.state, after.limit) == (course.state, course.limit):
            return after
        return replace(after, told=(answer.until,), told_at=answer.at)

    def _decline(self, course: Course, event: NoShipDecided) -> Course:
        if not course.is_open or course.shipped_at is not None:
            return course
        return self.owe(course, at=event.at, ground=Why.SELLER_DECLINED)

    def _shipment(self, course: Course, event: Shipped) -> Course:
        if course.is_open:
            return self.ship(course, event)
        refund = course.refund
        if refund is None:  # a second scan
            return course
        ended_now = refund.vested_at == event.at and refund.ground in _ENDED_BY_SOMEBODY
        if ended_now and course.state is State.REFUND_DUE and self.pack.withdrawal_days is None:
            # Where one may withdraw after shipping too, the money is owed whatever came first.
            review = replace(course, state=State.MANUAL_REVIEW, shipped_at=event.at)
            return review.noting(event.at, Why.SHIPPED_AS_CANCELLED)
        return course.noting(event.at, Why.SHIPPED_AFTER_END)

    def _delivery(self, course: Course, event: Delivered) -> Course:
        if course.refund is not None or course.delivered_at is not None:
            return course
        return self.deliver(replace(course, delivered_at=event.at), event)

    def _settle(self, course: Course, event: Reviewed | RefundBlocked | RefundSent) -> Course:
        match event:
            case Reviewed() if course.state is State.MANUAL_REVIEW:
                if event.shipped_first:
                    course = replace(course, state=State.SHIPPED, refund=None)
                else:
                    course = replace(course, state=State.REFUND_DUE)
                return course.noting(event.at, Why.REVIEWED)
            case RefundBlocked() if course.state is State.REFUND_DUE and course.refund:
                if course.refund_was_blocked:  # only the first discovery counts
                    return course
                later = when_blocked(course.refund, self.line, self.pack, at=event.at)
                course = replace(course, refund=later, refund_was_blocked=True)
                return course.noting(event.at, Why.REFUND_BLOCKED)
            case RefundSent():
                return self._refunded(course, event)
        return course

    def _refunded(self, course: Course, event: RefundSent) -> Course:
        if course.is_open:  # the money went back unasked: the merchant will not ship
            course = self.owe(course, at=event.at, ground=Why.SELLER_DECLINED)
        if course.refund is None or course.refund.sent_at is not None:
            return course
        refund = replace(course.refund, sent_at=event.at)
        course = replace(course, state=State.REFUNDED, refund=refund)
        return course.noting(event.at, Why.REFUND_LATE if refund.was_late else Why.REFUND_SENT)

    def _look_for_delay(self, course: Course, at: datetime) -> Course:
        """Notes when the expected date begins to lie beyond what was agreed or asked."""
        is_behind = (
            course.is_open
            and course.shipped_at is None
            and course.limit is not None
            and course.estimate is not None
            and is_later(self.expected(course), self.reaches(course))
        )
        if is_behind and course.behind_since is None:
            since = max(at, self.line.completed_at)
            return replace(course, behind_since=since).noting(since, Why.DELAY_KNOWN)
        if not is_behind and course.behind_since is not None:
            return replace(course, behind_since=None, unreached=False)
        return course


_ENDED_BY_SOMEBODY = (Why.CANCELLED, Why.CANCELLED_BY_POLICY, Why.WITHDRAWN, Why.SELLER_DECLINED)


def heard(course: Course, notice: NoticeOffered) -> Course:
    """The course after the customer heard a date."""
    return replace(course, told=(notice.revised,), told_at=notice.at)
