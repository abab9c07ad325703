"""Where days begin and end: time zones, clock changes, leap days, year ends, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.domain.order_delay import (
    Cancelled,
    EstimateChanged,
    Kept,
    Line,
    NoticeKind,
    NoticeOffered,
    Promise,
    Shipped,
    State,
    assess,
)
from notifier.domain.order_delay.days import end_of, start_of
from notifier.errors import InvalidInput
from tests.unit.order_delay.scenes import NEW_YORK, at, cancels, day, declines, short, us

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("America/New_York", "2026-04-02T04:00Z"),
        ("America/Los_Angeles", "2026-04-02T07:00Z"),
        ("America/Phoenix", "2026-04-02T07:00Z"),
        ("Pacific/Honolulu", "2026-04-02T10:00Z"),
        ("Pacific/Pago_Pago", "2026-04-02T11:00Z"),  # UTC-11
        ("Pacific/Kiritimati", "2026-04-01T10:00Z"),  # UTC+14
        ("Pacific/Chatham", "2026-04-01T10:15Z"),
        ("Asia/Kolkata", "2026-04-01T18:30Z"),
    ],
)
def test_the_last_day_is_that_of_the_ship_to_place(zone: str, ends: str) -> None:
    line = us(zone=zone)
    over = datetime.fromisoformat(ends)

    assert assess(line, over - SECOND).state is State.OPEN
    assert assess(line, over - SECOND).deadline == over
    assert assess(line, over).state is State.REFUND_DUE


@pytest.mark.parametrize(
    ("zone", "completed", "promised"),
    [
        ("America/Los_Angeles", "2026-03-03T07:30Z", "04-01"),  # still 2 March there
        ("Europe/London", "2026-03-03T07:30Z", "04-02"),
        ("Pacific/Kiritimati", "2026-03-02T10:00Z", "04-02"),  # 3 March already
        ("Pacific/Pago_Pago", "2026-03-03T10:59Z", "04-01"),
    ],
)
def test_days_count_from_the_local_day_of_the_order(
    zone: str, completed: str, promised: str
) -> None:
    line = Line(completed_at=datetime.fromisoformat(completed), zone=zone, country="US")

    assert assess(line, datetime.fromisoformat(completed)).promised == day(promised)


@pytest.mark.parametrize(
    ("zone", "day_text", "hours"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Africa/Cairo", "2026-04-24", 23),  # midnight does not exist: the day begins at 1:00
        ("America/Havana", "2026-11-01", 25),  # midnight comes twice: it begins at the first
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/New_York", "2026-07-01", 24),
    ],
)
def test_days_on_which_the_clock_changes_are_counted_whole(
    zone: str, day_text: str, hours: float
) -> None:
    day = date.fromisoformat(day_text)

    assert end_of(day, zone) - start_of(day, zone) == timedelta(hours=hours)
    assert end_of(day, zone) == start_of(day + timedelta(days=1), zone)


def test_the_two_half_past_one_of_an_autumn_night_are_different_instants() -> None:
    """Cancelled at the first, shipped at the second: the cancellation came first."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo(NEW_YORK), fold=0)
    second = first.replace(fold=1)
    line = us(Shipped(at=second), Cancelled(at=first), completed="10-20")

    standing = assess(line, second)

    assert standing.state is State.REFUND_DUE
    assert standing.refund is not None
    assert standing.refund.vested_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("completed", "promise", "promised"),
    [
        ("2028-01-30", None, "2028-02-29"),
        ("2027-01-30", None, "2027-03-01"),
        ("2026-12-02", None, "2027-01-01"),
        ("2026-12-31", Promise(text="1 day", days=1), "2027-01-01"),
        ("2026-03-02", Promise(text="today", days=0), "2026-03-02"),
        ("2026-03-02", Promise(text="by 2028-02-29", by=date(2028, 2, 29)), "2028-02-29"),
        # a day that was over when the order came
        ("2026-03-02", Promise(text="by 1 March", by=date(2026, 3, 1)), "2026-03-02"),
        # business days over weekends and holidays
        ("2026-07-02", Promise(text="1", business_days=1), "2026-07-06"),  # 3 July is observed
        ("2026-07-02", Promise(text="3–5", business_days=5), "2026-07-10"),
        ("2026-07-03", Promise(text="3–5", business_days=5), "2026-07-10"),
        ("2026-07-04", Promise(text="1", business_days=1), "2026-07-06"),
        ("2026-11-25", Promise(text="2", business_days=2), "2026-11-30"),  # Thanksgiving
        ("2027-12-30", Promise(text="1", business_days=1), "2028-01-03"),  # New Year on Saturday
        ("2022-12-23", Promise(text="1", business_days=1), "2022-12-27"),  # Christmas on Sunday
        ("2026-05-22", Promise(text="1", business_days=1), "2026-05-26"),  # Memorial Day
        ("2026-01-16", Promise(text="1", business_days=1), "2026-01-20"),  # King's birthday
        ("2026-03-06", Promise(text="0", business_days=0), "2026-03-06"),
    ],
)
def test_the_promised_day_is_the_last_that_the_words_allow(
    completed: str, promise: Promise | None, promised: str
) -> None:
    line = us(completed=f"{completed} 10:00", promise=promise)

    assert assess(line, at(f"{completed} 11:00")).promised == date.fromisoformat(promised)


@pytest.mark.parametrize(
    ("vest", "by"),
    [
        ("2026-09-01", "2026-09-11"),  # Labor Day between
        ("2026-09-05", "2026-09-16"),  # vests on a Saturday
        ("2026-10-11", "2026-10-21"),  # the day after is a holiday
        ("2026-12-24", "2027-01-06"),  # Christmas and New Year
        ("2027-06-17", "2027-06-29"),  # Juneteenth on Saturday, observed on Friday
        ("2027-06-30", "2027-07-12"),  # the Fourth on Sunday, observed on Monday
        ("2028-02-25", "2028-03-07"),  # over a leap day
        ("2026-11-10", "2026-11-20"),
    ],
)
def test_money_goes_back_within_seven_working_days(vest: str, by: str) -> None:
    line = us(declines(f"{vest} 10:00"), completed=f"{vest} 09:00")

    refund = assess(line, at(f"{vest} 12:00")).refund

    assert refund is not None
    assert (refund.vest, refund.by) == (date.fromisoformat(vest), date.fromisoformat(by))


def test_a_consent_counts_until_the_last_second_in_the_customers_place() -> None:
    """Honolulu is ten hours behind UTC: 05-01 ends at 05-02T10:00Z."""
    offer = NoticeOffered(at=at("03-25"), kind=NoticeKind.FIRST_EXPLICIT, revised=None)
    last = datetime(2026, 5, 2, 10, tzinfo=UTC)

    def after_answer(moment: datetime) -> State:
        line = us(offer, Kept(at=moment, until=None), zone="Pacific/Honolulu")
        return assess(line, last + timedelta(days=1)).state

    assert after_answer(last - SECOND) is State.CONSENTED_INDEFINITE
    assert after_answer(last) is State.REFUND_DUE


def test_a_notice_counts_on_the_last_day_of_the_customers_place() -> None:
    late_evening = datetime(2026, 4, 2, 9, 59, 59, tzinfo=UTC)
    offer = NoticeOffered(at=late_evening, kind=NoticeKind.FIRST_SHORT, revised=day("04-20"))

    assert assess(us(offer, zone="Pacific/Honolulu"), at("04-10")).state is State.OPTION_SHORT
    assert assess(us(offer), at("04-10")).state is State.REFUND_DUE  # New York was in 2 April


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"zone": "Mars/Phobos"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"completed_at": datetime(2026, 3, 2)}, "completed_at"),  # noqa: DTZ001
        ({"completed_at": datetime(1999, 3, 2, tzinfo=UTC)}, "completed_at"),
        ({"transit_days": -1}, "transit_days"),
        ({"billing_cycle_days": 0}, "billing_cycle_days"),
        (
            {"events": (EstimateChanged(at=at("03-20"), ship_by=date(9999, 12, 31)),)},
            "events",
        ),
    ],
)
def test_facts_that_cannot_be_reckoned_with_are_refused(
    facts: dict[str, object], field: str
) -> None:
    sound: dict[str, object] = {"completed_at": at("03-02"), "zone": "America/New_York"}

    with pytest.raises(InvalidInput) as refused:
        Line(**(sound | facts))  # type: ignore[arg-type]

    assert refused.value.problems[0].field == field


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"days": 3, "business_days": 3},
        {"days": -1},
        {"business_days": 4_000},
        {"by": date(1970, 1, 1)},
    ],
)
def test_a_promise_is_exactly_one_sound_bound(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Promise(text="soon", **given)  # type: ignore[arg-type]


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        assess(us(), datetime(2026, 4, 1))  # noqa: DTZ001
    with pytest.raises(InvalidInput):
        Shipped(at=datetime(2026, 4, 1))  # noqa: DTZ001


def test_what_lies_in_the_future_is_not_yet_known() -> None:
    line = us(short("03-25", "04-20"), cancels("04-10"))

    assert assess(line, at("03-20")).state is State.OPEN
    assert assess(line, at("04-09")).state is State.OPTION_SHORT
    assert assess(line, at("04-10")).state is State.REFUND_DUE
