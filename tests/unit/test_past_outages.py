"""Which times does the history of stock show a variant not to be there?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.domain.outages import DAY, PastOutage, Seen, read_history
from notifier.domain.restock_history import Outage
from notifier.domain.stock import Rules

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {
    "in": Availability.IN_STOCK,
    "out": Availability.OUT_OF_STOCK,
    "back": Availability.BACKORDER,
    "pre": Availability.PREORDER,
    "gone": Availability.DISCONTINUED,
    "?": Availability.UNKNOWN,
}


def seen(text: str) -> list[Seen]:
    """`0:in 3:out 9:in=5`: on day 3 it was seen to be out, on day 9 there were five."""
    found = []
    for one in text.split():
        day, _, word = one.partition(":")
        word, _, quantity = word.partition("=")
        found.append(
            Seen(
                at=BEGIN + float(day) * DAY,
                availability=WORDS[word],
                quantity=int(quantity) if quantity else None,
            )
        )
    return found


def read(text: str, *, rules: Rules | None = None, until: float = 100) -> str:
    """The outages as `from-to`, with a plus for those without an end."""
    history = read_history(
        seen(text), variant=1, product=1, rules=rules or Rules(), until=BEGIN + until * DAY
    )
    return " ".join(
        f"{(one.began - BEGIN) / DAY:g}-{(one.until - BEGIN) / DAY:g}{'' if one.ended else '+'}"
        for one in history.outages
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("0:in", ""),
        ("0:in 3:out 9:in", "3-9"),
        ("0:in 3:out 9:in 20:out 22:in", "3-9 20-22"),
        ("0:in 3:out", "3-100+"),
        # on backorder or pre-order it is not there
        ("0:in 3:back 9:in", "3-9"),
        ("0:in 3:out 5:back 7:pre 9:in", "3-9"),
        ("0:in 3:out 5:back", "3-100+"),
        # who knows nothing ends nothing, and begins nothing
        ("0:in 3:out 5:? 9:in", "3-9"),
        ("0:in 3:? 9:in", ""),
        ("0:in 3:? 5:out 9:in", "5-9"),
        ("0:in 3:out 5:?", "3-100+"),
        # given up: no end; whether it comes back after all is another story
        ("0:in 3:out 9:gone", "3-9+"),
        ("0:in 3:out 9:gone 20:in 30:out 31:in", "3-9+ 30-31"),
        ("0:in 3:gone 5:out 9:in", ""),
        # nobody saw it begin
        ("0:out 9:in", ""),
        ("0:out 9:in 20:out 22:in", "20-22"),
        ("0:? 1:out 9:in", ""),
        # a quantity that the shop does not sell is not there
        ("0:in=5 3:in=0 9:in=4", "3-9"),
        ("0:in=5 3:in=4 4:in=3 5:out=0 9:in=4 10:in=3", "5-9"),
        # a source that counts wrongly
        ("0:in 3:out 3.02:in", ""),
        ("0:in 3:out 3.05:in", "3-3.05"),
    ],
)
def test_an_outage_lasts_from_the_look_that_shows_it_gone_to_the_one_that_shows_it_there(
    text: str, found: str
) -> None:
    assert read(text) == found


def test_what_the_shop_keeps_back_is_not_there() -> None:
    text = "0:in=9 3:in=2 9:in=3 12:in=8"
    assert read(text, rules=Rules(threshold=2)) == "3-9"
    assert read(text, rules=Rules(threshold=2, min_quantity=4)) == "3-12"


def test_a_backorder_that_counts_for_the_shop_ends_no_outage_all_the_same() -> None:
    rules = Rules(backorder_counts=True)
    assert read("0:in 3:out 5:back 9:in", rules=rules) == "3-9"


def test_an_open_outage_counts_as_far_as_it_is_known_to_last() -> None:
    assert read("0:in 3:out", until=7) == "3-7+"
    assert read("0:in 3:out", until=3) == ""  # nobody has looked since


@pytest.mark.parametrize(
    ("text", "day", "whole"),
    [
        ("0:in 3:out", 3, True),
        ("0:in 3:out 5:back 6:?", 3, True),
        ("2:out", 2, False),
        ("0:in 3:out 9:in", None, True),
        ("0:in 3:gone", None, True),
        ("0:?", None, True),
    ],
)
def test_since_when_it_is_out_is_known_and_whether_that_is_the_beginning(
    text: str, day: float | None, whole: bool
) -> None:
    history = read_history(seen(text), variant=1, product=1, rules=Rules(), until=BEGIN + 100 * DAY)
    assert history.out_since == (None if day is None else BEGIN + day * DAY)
    if day is not None:
        assert history.beginning_seen is whole


def test_an_end_that_was_to_come_was_not_known_before() -> None:
    past = PastOutage(
        variant=1, product=1, began=BEGIN, until=BEGIN + timedelta(days=10), ended=True
    )
    assert past.known_at(BEGIN + 4 * DAY) == Outage(days=4, ended=False)
    assert past.known_at(BEGIN + 10 * DAY) == Outage(days=10, ended=True)
    assert past.known_at(BEGIN + 99 * DAY) == past.known()
