"""Which days does "in 2–4 weeks" name, when it is said on Friday, the 5th of February 2027?"""

from __future__ import annotations

from datetime import date

import pytest

from notifier.domain.dates import read_eta
from notifier.errors import InvalidInput

TODAY = date(2027, 2, 5)

AHEAD = [
    ("in 2-4 weeks", "2027-02-19/2027-03-05"),
    ("in 2–4 weeks", "2027-02-19/2027-03-05"),
    ("2 to 4 weeks", "2027-02-19/2027-03-05"),
    ("2 bis 4 Wochen", "2027-02-19/2027-03-05"),
    ("in ca. 2 bis 4 Wochen", "2027-02-19/2027-03-05"),
    ("de 2 a 4 semanas", "2027-02-19/2027-03-05"),
    ("IN  2 - 4 WEEKS", "2027-02-19/2027-03-05"),
    ("en 3 semanas", "2027-02-20/2027-02-26"),  # the week that ends then
    ("in 3 weeks", "2027-02-20/2027-02-26"),
    ("in about 1 week", "2027-02-06/2027-02-12"),
    ("within 3 weeks", "2027-02-05/2027-02-26"),
    ("innerhalb von 3 Wochen", "2027-02-05/2027-02-26"),
    ("dentro de 10 días", "2027-02-05/2027-02-15"),
    ("in 10 days", "2027-02-15"),
    ("in 24 days", "2027-03-01"),
    ("in 5 bis 10 Tagen", "2027-02-10/2027-02-15"),
    ("in 36 hours", "2027-02-06/2027-02-07"),
    ("in 0 days", "2027-02-05"),
]


@pytest.mark.parametrize(("text", "iso"), AHEAD)
def test_a_span_counts_from_today_and_keeps_its_words(text: str, iso: str) -> None:
    eta = read_eta(text, today=TODAY)

    assert eta is not None
    assert (eta.iso(), eta.text) == (iso, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("in 3-5 business days", "business days"),
        ("in 3 Werktagen", "business days"),
        ("en 3 días hábiles", "business days"),
        ("in 4-2 weeks", "backwards"),
        ("in 300 weeks", "730 days"),
        ("in 9999 days", "730 days"),
        ("3 weeks ago", "not a date"),
        ("vor 3 Wochen", "not a date"),
        ("in -3 weeks", "not a date"),
        ("in 1.5 weeks", "not a date"),
        ("in 2-4", "not a date"),
        ("in 2 days to 3 weeks", "not a date"),
        ("in a few weeks", "not a date"),
        ("in 3 weeks or never", "not a date"),
        ("in 2 months", "not a date"),
    ],
)
def test_what_names_no_days_is_refused_and_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        read_eta(text, today=TODAY, field="date")

    assert [(one.field, one.code) for one in refused.value.problems] == [("date", "not_a_date")]


def test_without_a_day_to_count_from_nothing_is_reckoned() -> None:
    with pytest.raises(InvalidInput):
        read_eta("in 2-4 weeks")


def test_the_same_words_mean_other_days_on_another_day() -> None:
    read = [read_eta("in 2-4 weeks", today=day) for day in (TODAY, date(2027, 2, 6))]

    assert [eta and eta.iso() for eta in read] == [
        "2027-02-19/2027-03-05",
        "2027-02-20/2027-03-06",
    ]


@pytest.mark.parametrize(("text", "iso"), [("2027-02", "2027-02"), ("14.02.2027", "2027-02-14")])
def test_dates_mean_the_same_whatever_day_it_is(text: str, iso: str) -> None:
    eta = read_eta(text, today=TODAY)

    assert eta is not None
    assert eta.iso() == iso
