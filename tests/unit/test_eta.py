"""When is an expected date over, how far does a month reach, and how is a span written?"""

from __future__ import annotations

from datetime import date

import pytest

from notifier.domain.eta import Eta, EtaPrecision

LAST_WEEK_OF_MAY = Eta.between(date(2027, 5, 25), date(2027, 5, 31))


@pytest.mark.parametrize(
    ("eta", "today", "is_past"),
    [
        (Eta.on(date(2027, 5, 25)), date(2027, 5, 25), False),
        (Eta.on(date(2027, 5, 25)), date(2027, 5, 26), True),
        (LAST_WEEK_OF_MAY, date(2027, 5, 26), False),
        (LAST_WEEK_OF_MAY, date(2027, 5, 31), False),
        (LAST_WEEK_OF_MAY, date(2027, 6, 1), True),
        (Eta(earliest=None, latest=None, precision=EtaPrecision.UNKNOWN), date(2027, 6, 1), False),
    ],
)
def test_an_expected_date_is_over_the_day_after_its_last(
    eta: Eta, today: date, is_past: bool
) -> None:
    assert eta.is_past(today) is is_past


@pytest.mark.parametrize(
    ("year", "month", "last"),
    [
        (2027, 2, date(2027, 2, 28)),
        (2028, 2, date(2028, 2, 29)),
        (2027, 11, date(2027, 11, 30)),
        (2027, 12, date(2027, 12, 31)),
    ],
)
def test_a_month_reaches_from_its_first_day_to_its_last(year: int, month: int, last: date) -> None:
    eta = Eta.in_month(year, month)

    assert (eta.earliest, eta.latest) == (date(year, month, 1), last)
    assert eta.iso() == f"{year}-{month:02}"


def test_a_span_is_written_from_its_first_day_to_its_last() -> None:
    assert LAST_WEEK_OF_MAY.iso() == "2027-05-25/2027-05-31"
    assert Eta.on(date(2027, 5, 25)).iso() == "2027-05-25"


def test_a_span_with_an_open_end_is_not_written_as_a_day() -> None:
    day = date(2027, 5, 25)
    for earliest, latest in ((day, None), (None, day)):
        open_ended = Eta(earliest=earliest, latest=latest, precision=EtaPrecision.RANGE)
        assert open_ended.iso() is None
