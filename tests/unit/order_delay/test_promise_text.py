"""What does a shop's text about the shipping time promise? (trust A4, OD-1)"""

from __future__ import annotations

from datetime import date

import pytest

from notifier.domain.order_delay import Promise, assess, read_promise
from notifier.errors import InvalidInput
from tests.unit.order_delay.scenes import at, day, us


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("ships in 3–5 business days", {"business_days": 5}),
        ("Ships in 3-5 Business Days", {"business_days": 5}),
        ("Dispatched within 2 working days", {"business_days": 2}),
        ("2 to 4 weeks", {"days": 28}),
        ("in 10 days", {"days": 10}),
        ("ships in 1 day", {"days": 1}),
        ("within 24 hours", {"days": 1}),
        ("48h", {"days": 2}),
        ("Versand in 3 bis 5 Werktagen", {"business_days": 5}),
        ("Lieferbar in 2 Wochen", {"days": 14}),
        ("envío en 2 a 3 días hábiles", {"business_days": 3}),
        ("en 5 días", {"days": 5}),
        ("ships by 2026-12-15", {"by": date(2026, 12, 15)}),
        ("Ships by December 15, 2026", {"by": date(2026, 12, 15)}),
        ("2026-12-15", {"by": date(2026, 12, 15)}),
        ("2026-12-15/2026-12-20", {"by": date(2026, 12, 20)}),
        ("Feb. 2028", {"by": date(2028, 2, 29)}),
        ("expected: 15.12.2026", {"by": date(2026, 12, 15)}),
    ],
)
def test_words_promise_their_upper_bound_and_are_kept(text: str, bound: dict[str, int]) -> None:
    assert read_promise(text) == Promise(text=text, **bound)  # type: ignore[arg-type]


def test_an_empty_text_promises_nothing() -> None:
    assert read_promise("  ") is None


@pytest.mark.parametrize(
    "text",
    ["soon", "in 2 months", "3 days, or 5 weeks", "ships by 03/04/2027", "-5 days", "99999 weeks"],
)
def test_words_without_a_bound_are_refused_and_say_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_promise(text)

    assert refused.value.problems[0].field == "promise"
    assert "2027-02-14" in str(refused.value)


def test_a_shop_that_says_which_comes_first_may_write_the_day_with_slashes() -> None:
    promise = read_promise("ships by 03/04/2027", order="mdy")

    assert promise is not None
    assert promise.by == date(2027, 3, 4)


def test_the_example_of_the_table_holds_from_the_words_on() -> None:
    """F22"""
    line = us(completed="07-02", promise=read_promise("ships in 3–5 business days"))

    assert assess(line, at("07-02")).promised == day("07-10")
