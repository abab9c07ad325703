"""Random order lines: any law, any place, any events in any order, often at the same instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from notifier.domain.order_delay import (
    Cancelled,
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
    Withdrawn,
)

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
def lines(draw: st.DrawFn, countries: tuple[str, ...] = ("US", "DE", "GB", "CH", "")) -> Line:
    """A line with up to eight events. Answers mostly take up a date that a notice named."""
    happened = draw(st.lists(events, max_size=8))
    for offer in [each for each in happened if isinstance(each, NoticeOffered)]:
        if draw(st.booleans()):
            later = timedelta(hours=draw(st.integers(0, 24 * 30)))
            until = draw(st.sampled_from([offer.revised, *offer.also_asks]))
            happened.append(Kept(at=offer.at + later, until=until))
    return Line(
        completed_at=draw(instants),
        zone=draw(st.sampled_from(ZONES)),
        country=draw(st.sampled_from(countries)),
        promise=draw(promises),
        transit_days=draw(st.sampled_from([0, 0, 3])),
        seller_credit_application=draw(st.booleans()),
        seller_is_creditor=draw(st.booleans()),
        date_is_essential=draw(st.booleans()),
        excluded=draw(st.sampled_from([None, None, None, *Exclusion])),
        events=tuple(draw(st.permutations(happened))),
    )


def moments(line: Line) -> list[datetime]:
    """Every instant at which something happened, one after each, and days far beyond."""
    known = {START, *(event.at for event in line.events)}
    known |= {START + timedelta(days=days) for days in range(0, 260, 13)}
    return sorted(known | {each + timedelta(microseconds=1) for each in known})
