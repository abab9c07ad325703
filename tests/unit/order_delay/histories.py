"""Random order lines: any law, any place; sensible walks and plain jumbles, often to the second.

Events thrown together seldom make an option, and never a second one. So most lines are walks: each
step looks where the line stands and mostly does what comes next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from notifier.domain.order_delay import (
    Cancelled,
    Choice,
    ChoiceKind,
    Delivered,
    EstimateChanged,
    Event,
    Exclusion,
    Kept,
    Line,
    NoShipDecided,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    Promise,
    RefundBlocked,
    RefundSent,
    Reviewed,
    Shipped,
    Standing,
    Withdrawn,
    assess,
    plan_notice,
)

A_MOMENT = timedelta(seconds=1)
START = datetime(2026, 2, 20, tzinfo=UTC)
ZONES = [
    "America/New_York",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
]
PLAIN: list[type[Any]] = [
    Cancelled,
    Withdrawn,
    NoShipDecided,
    Shipped,
    Delivered,
    RefundBlocked,
    RefundSent,
]

# Few instants and few days, so that they meet: whole days around T and T+30 of a plain order.
instants = st.one_of(
    st.integers(0, 120).map(lambda days: START + timedelta(days=days)),
    st.integers(0, 120 * 24).map(lambda hours: START + timedelta(hours=hours)),
    st.sampled_from([START + timedelta(days=40, hours=4), START + timedelta(days=70, hours=4)]),
)
days = st.integers(-5, 160).map(lambda days: START.date() + timedelta(days=days))
maybe_days: st.SearchStrategy[date | None] = st.one_of(st.none(), days)

notices = st.builds(
    NoticeOffered,
    at=instants,
    kind=st.sampled_from(NoticeKind),
    revised=maybe_days,
    also_asks=st.lists(maybe_days, max_size=2).map(tuple),
    adequate=st.sampled_from([True, True, True, False]),
    delivered=st.sampled_from([True, True, True, False]),
)
news = st.builds(NoticeOffered, at=instants, kind=st.just(NoticeKind.COURTESY), revised=maybe_days)
estimates = st.builds(
    EstimateChanged, at=instants, ship_by=maybe_days, has_basis=st.sampled_from([True, True, False])
)
events: st.SearchStrategy[Event] = st.one_of(
    estimates,
    notices,
    st.builds(Kept, at=instants, until=maybe_days),
    st.builds(PeriodSet, at=instants, until=days),
    st.builds(Reviewed, at=instants, shipped_first=st.booleans()),
    st.sampled_from(PLAIN).flatmap(lambda kind: st.builds(kind, at=instants)),
)
promises = st.one_of(
    st.none(),
    st.builds(Promise, text=st.just("by"), by=days),
    st.builds(Promise, text=st.just("days"), days=st.integers(0, 60)),
    st.builds(Promise, text=st.just("business"), business_days=st.integers(0, 30)),
)


@st.composite
def jumbles(draw: st.DrawFn, countries: tuple[str, ...]) -> Line:
    """A line to which anything happens in any order; most of it makes no sense."""
    happened = draw(st.lists(events, max_size=8))
    return replace(draw(beginnings(countries)), events=tuple(draw(st.permutations(happened))))


@st.composite
def beginnings(draw: st.DrawFn, countries: tuple[str, ...]) -> Line:
    return Line(
        completed_at=START + timedelta(hours=draw(st.integers(0, 24 * 20))),
        zone=draw(st.sampled_from(ZONES)),
        country=draw(st.sampled_from([*countries, countries[0], countries[0]])),
        promise=draw(st.one_of(st.none(), st.none(), promises)),
        transit_days=draw(st.sampled_from([0, 0, 3])),
        seller_credit_application=draw(st.booleans()),
        seller_is_creditor=draw(st.booleans()),
        date_is_essential=draw(st.booleans()),
        excluded=draw(st.sampled_from([None] * 25 + [*Exclusion])),
    )


@st.composite
def walks(draw: st.DrawFn, countries: tuple[str, ...]) -> Line:
    """A line with which people mostly do what the rules ask for, at times to the very second."""
    line = draw(beginnings(countries))
    now = line.completed_at
    for move in draw(st.lists(st.sampled_from(MOVES), min_size=3, max_size=9)):
        now = max(now, draw(next_instants(assess(line, now), now)))
        line = replace(line, events=(*line.events, *draw(move(line, now))))
    return replace(line, events=tuple(draw(st.permutations(line.events))))


def next_instants(standing: Standing, now: datetime) -> st.SearchStrategy[datetime]:
    """The same instant, the last before a deadline, the deadline, or some hours or days later."""
    around = [now, now]
    if standing.deadline is not None and standing.may_ship:
        around += [standing.deadline - A_MOMENT, standing.deadline]
    return st.one_of(
        st.sampled_from(around),
        st.integers(0, 9).map(lambda days: now + timedelta(days=days)),
        st.integers(0, 72).map(lambda hours: now + timedelta(hours=hours)),
    )


def _slip(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    """The merchant hears of a new date, around the one that binds or around T+30."""
    standing = assess(line, now)
    near = [standing.limit or standing.promised, standing.promised + timedelta(days=30)]
    shifts = st.integers(-2, 12).map(lambda days: timedelta(days=days))
    dates = st.tuples(st.sampled_from(near), shifts).map(lambda pair: pair[0] + pair[1])
    return st.one_of(dates, dates, dates, dates, st.none()).map(
        lambda ship_by: [EstimateChanged(at=now, ship_by=ship_by)]
    )


def _tell(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    """The notice that is due is offered; now and then it does not arrive or lacks something."""
    plan = plan_notice(line, now=now)
    if plan.message is None:
        return st.just([])
    asks = st.lists(maybe_days, max_size=1).map(tuple)
    mostly = st.sampled_from([True] * 7 + [False])
    return st.builds(
        NoticeOffered,
        at=st.just(now),
        kind=st.just(plan.kind),
        revised=st.just(plan.revised),
        also_asks=asks,
        adequate=mostly,
        delivered=mostly,
    ).map(lambda offer: [offer])


def _slip_and_tell(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    def then_tell(slipped: list[Event]) -> st.SearchStrategy[list[Event]]:
        known = replace(line, events=(*line.events, *slipped))
        return _tell(known, now).map(lambda told: [*slipped, *told])

    return _slip(line, now).flatmap(then_tell)


def _answer(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    """The customer waits, or makes use of a day that was missed, if either is possible."""
    ends = (ChoiceKind.CANCEL, ChoiceKind.WITHDRAW)
    possible = [each for each in assess(line, now).choices if each.kind not in ends]
    return st.sampled_from(possible).map(lambda each: [chosen(each, now)]) if possible else NOTHING


def _end(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    choices = assess(line, now).choices
    return st.sampled_from(choices).map(lambda each: [chosen(each, now)]) if choices else NOTHING


def _anything(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    return events.map(lambda event: [replace(event, at=now)])


def _race(line: Line, now: datetime) -> st.SearchStrategy[list[Event]]:
    """Cancellation and shipment meet; a person may look into it."""
    meet: list[Event] = [Shipped(at=now), Cancelled(at=now)]
    looks = st.booleans().map(lambda first: [Reviewed(at=now + A_MOMENT, shipped_first=first)])
    return st.one_of(st.just([]), looks).map(lambda more: meet + more)


def chosen(choice: Choice, now: datetime) -> Event:
    """The event that choosing this leads to."""
    match choice.kind:
        case ChoiceKind.WAIT:
            return Kept(at=now, until=choice.until)
        case ChoiceKind.WITHDRAW:
            return Withdrawn(at=now)
        case ChoiceKind.SET_PERIOD:
            return PeriodSet(at=now, until=(now + timedelta(days=15)).date())
        case _:
            return Cancelled(at=now)


NOTHING: st.SearchStrategy[list[Event]] = st.just([])
MOVES = [_slip_and_tell] * 8 + [_answer] * 5 + [_slip, _tell, _anything, _race, _end]


def lines(countries: tuple[str, ...] = ("US", "DE", "GB", "CH", "")) -> st.SearchStrategy[Line]:
    return st.one_of(walks(countries), walks(countries), jumbles(countries))


def moments(line: Line) -> list[datetime]:
    """Every instant at which something happened, the one before, and days far beyond."""
    known = {line.completed_at, *(event.at for event in line.events)}
    beyond = {max(known) + timedelta(days=days) for days in (1, 10, 31, 70, 200)}
    return sorted(known | {each - A_MOMENT for each in known} | beyond)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Line, datetime]:
    """A line and a moment, mostly one at which something happened."""
    line = draw(lines())
    return line, draw(st.one_of(st.sampled_from(moments(line)), instants))
