"""Which day is the n-th business day? (trust A2)"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.business_days import (
    add_business_days,
    is_business_day,
    is_us_federal_holiday,
)

# As the Office of Personnel Management prints them, for three years of different shape.
OBSERVED = {
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
}


@pytest.mark.parametrize("year", OBSERVED)
def test_the_weekdays_without_work_are_the_observed_holidays(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    days = [each for each in days if each.year == year]

    off = [
        each.strftime("%m-%d")
        for each in days
        if each.weekday() < 5 and is_us_federal_holiday(each)
    ]

    assert " ".join(off) == OBSERVED[year]


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-07-02", 1, "2026-07-06"),
        ("2026-07-06", -1, "2026-07-02"),
        ("2026-07-04", 0, "2026-07-04"),  # none is none, whatever day it is
        ("2026-04-13", -2, "2026-04-09"),
        ("2026-12-31", 1, "2027-01-04"),
    ],
)
def test_weekends_and_holidays_do_not_count(start: str, count: int, end: str) -> None:
    found = add_business_days(date.fromisoformat(start), count, holidays=is_us_federal_holiday)

    assert found == date.fromisoformat(end)


def test_without_holidays_only_weekends_are_left_out() -> None:
    assert add_business_days(date(2026, 7, 2), 1) == date(2026, 7, 3)


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 40))
def test_as_many_business_days_lie_between_as_were_added(start: date, count: int) -> None:
    end = add_business_days(start, count, holidays=is_us_federal_holiday)

    days = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    worked = [each for each in days if is_business_day(each, holidays=is_us_federal_holiday)]
    assert len(worked) == count
    assert worked[-1] == end
