"""Are the marks those of Kaplan and Meier, and do they stay so whatever the outages are?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.restock_history import (
    ENOUGH,
    HALF,
    MOST,
    Outage,
    Pool,
    Span,
    Unit,
    curve_of,
    estimate,
    lasting,
    round_up,
)


def outages(text: str) -> list[Outage]:
    """`6 6 6+ 7`: days out; with a plus it had not ended."""
    return [Outage(days=float(one.rstrip("+")), ended="+" not in one) for one in text.split()]


# Weeks of remission of 42 patients, the example of most textbooks: E. J. Freireich et al.,
# Blood 21 (1963) 699–716; curves in D. R. Cox, D. Oakes, Analysis of Survival Data (1984), ch. 1,
# and D. G. Kleinbaum, M. Klein, Survival Analysis, ch. 2.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def test_the_curve_is_that_of_the_textbooks() -> None:
    curve = curve_of(outages(TREATED))
    assert [(step.days, round(step.still_out, 4)) for step in curve.steps] == [
        (6, 0.8571),
        (7, 0.8067),
        (10, 0.7529),
        (13, 0.6902),
        (16, 0.6275),
        (22, 0.5378),
        (23, 0.4482),
    ]
    assert (curve.outages, curve.open) == (21, 12)


# Worked out by hand: at each end, (those still out there − those that end) / those still out there.
@pytest.mark.parametrize(
    ("text", "half", "most"),
    [
        (TREATED, 23, None),  # the textbooks' median; the curve ends at 0.4482
        (PLACEBO, 8, 12),  # 8/21 = .381 after 8 weeks, 4/21 = .190 after 12
        ("", None, None),
        ("10", 10, 10),
        ("10+", None, None),
        ("1 2 3 4 5 6 7 8 9 10", 5, 8),  # exactly 0.5 and 0.2 left
        ("5 5 5 5 5", 5, 5),
        ("2 4 6+ 8 10+", 8, None),  # 4/5 · 3/4 = .6, · 1/2 = .3
        ("2 4 4+ 8", 4, 8),  # the end on day 4 comes first: 3/4 · 2/3 = .5, then 0
        ("2+ 4+ 6", 6, 6),  # one at risk, one ends
        ("0.5 1.5 2.25+", 1.5, None),  # 2/3, 1/3
    ],
)
def test_the_marks_are_those_worked_out_by_hand(
    text: str, half: float | None, most: float | None
) -> None:
    curve = curve_of(outages(text))
    assert (curve.mark(HALF), curve.mark(MOST)) == (half, most)


@pytest.mark.parametrize(
    ("text", "days_out", "half", "most", "stands_on"),
    [
        # of ten, six lasted longer than 4 days: half of those were over on day 7
        ("1 2 3 4 5 6 7 8 9 10", 4, 7, 9, 6),
        ("1 2 3 4 5 6 7 8 9 10", 0, 5, 8, 10),
        (TREATED, 10, None, None, 13),  # .4482 / .7529 = .5952 stay so to the end
        (PLACEBO, 5, 11, 17, 12),  # of 12 are left: 8, after 11 days 6, then 4, 3, after 17 days 2
        ("3 3 3 9+", 3, None, None, 1),
    ],
)
def test_what_it_has_been_through_already_counts(
    text: str, days_out: float, half: float | None, most: float | None, stands_on: int
) -> None:
    found = estimate([(Pool.VARIANT, outages(text))], days_out=days_out)
    assert found is not None
    assert (found.half, found.most, found.curve.outages) == (half, most, stands_on)


def test_nothing_is_said_when_no_outage_lasted_as_long() -> None:
    assert estimate([(Pool.SHOP, outages("1 2 3 4 5 6+"))], days_out=6) is None


# ---- whose outages ----

LONG, FEW = "20 " * ENOUGH, "5 " * (ENOUGH - 1)


@pytest.mark.parametrize(
    ("variant", "product", "shop", "pool", "enough"),
    [
        (LONG, LONG, LONG, Pool.VARIANT, True),
        (FEW, LONG, LONG, Pool.PRODUCT, True),
        (FEW, FEW, LONG, Pool.SHOP, True),
        ("", "", LONG, Pool.SHOP, True),
        (FEW, FEW, FEW, Pool.VARIANT, False),  # its own, when the others add nothing
        ("9", "9 9", FEW, Pool.SHOP, False),
        ("1 " * 50, LONG, LONG, Pool.PRODUCT, True),  # fifty, none of which lasted as long
    ],
)
def test_the_narrowest_with_enough_like_outages_is_taken(
    variant: str, product: str, shop: str, pool: Pool, enough: bool
) -> None:
    pools = [
        (Pool.VARIANT, outages(variant)),
        (Pool.PRODUCT, outages(product)),
        (Pool.SHOP, outages(shop)),
    ]
    found = estimate(pools, days_out=2)
    assert found is not None
    assert (found.pool, found.enough) == (pool, enough)


def test_wider_ones_are_not_even_read_when_its_own_are_enough() -> None:
    asked: list[Pool] = []

    def pools() -> Iterator[tuple[Pool, Sequence[Outage]]]:
        for pool in Pool:
            asked.append(pool)
            yield pool, outages(LONG)

    estimate(pools())
    assert asked == [Pool.VARIANT]


# ---- in words ----


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0.1, (1, Unit.DAYS)),
        (1, (1, Unit.DAYS)),
        (1.01, (2, Unit.DAYS)),
        (9, (9, Unit.DAYS)),
        (9.1, (2, Unit.WEEKS)),
        (14, (2, Unit.WEEKS)),
        (14.1, (3, Unit.WEEKS)),
        (84, (12, Unit.WEEKS)),
        (85, (3, Unit.MONTHS)),
        (365, (13, Unit.MONTHS)),
    ],
)
def test_a_length_is_rounded_up_to_what_one_would_say(days: float, said: tuple[int, Unit]) -> None:
    assert round_up(days) == Span(count=said[0], unit=said[1])


@pytest.mark.parametrize("days", [0, -3, 366, math.inf])
def test_what_is_over_or_far_off_is_not_said(days: float) -> None:
    assert round_up(days) is None


@given(st.floats(min_value=1e-6, max_value=365))
def test_what_is_said_is_never_less_than_what_is_known(days: float) -> None:
    said = round_up(days)
    assert said is not None
    length = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 30}[said.unit]
    assert days <= said.count * length < days + length


# ---- whatever the outages are ----

A_LENGTH = st.integers(min_value=1, max_value=60).map(float)
SOME = st.lists(st.builds(Outage, days=A_LENGTH, ended=st.booleans()), min_size=1, max_size=30)
SHARE = st.sampled_from([0.1, HALF, MOST, 0.95])


def or_never(mark: float | None) -> float:
    return math.inf if mark is None else mark


@given(SOME)
def test_the_curve_only_falls_and_stays_between_all_and_none(some: list[Outage]) -> None:
    shares = [1.0, *(step.still_out for step in curve_of(some).steps)]
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= 0
    days = [step.days for step in curve_of(some).steps]
    assert days == sorted(set(days))


@given(SOME)
def test_without_open_ones_the_curve_is_the_plain_share(some: list[Outage]) -> None:
    ended = [replace(one, ended=True) for one in some]
    for days in range(62):
        still_out = sum(one.days > days for one in ended) / len(ended)
        assert curve_of(ended).still_out(days) == pytest.approx(still_out)


@given(SOME)
def test_a_larger_share_is_reached_no_sooner(some: list[Outage]) -> None:
    curve = curve_of(some)
    assert or_never(curve.mark(HALF)) <= or_never(curve.mark(MOST))


@given(SOME, st.data(), SHARE)
def test_an_end_that_was_not_seen_only_moves_a_mark_back(
    some: list[Outage], data: st.DataObject, share: float
) -> None:
    index = data.draw(st.integers(0, len(some) - 1))
    censored = [replace(one, ended=one.ended and n != index) for n, one in enumerate(some)]
    assert or_never(curve_of(censored).mark(share)) >= or_never(curve_of(some).mark(share))


@given(SOME, A_LENGTH)
def test_a_mark_lies_beyond_the_days_it_is_out_already(some: list[Outage], days: float) -> None:
    found = estimate([(Pool.SHOP, some)], days_out=days)
    if found is None:
        assert all(one.days <= days for one in some)
        return
    assert or_never(found.half) > days
    assert or_never(found.most) >= or_never(found.half)


@given(SOME, A_LENGTH, A_LENGTH, SHARE)
def test_who_is_out_longer_is_not_back_earlier(
    some: list[Outage], one: float, other: float, share: float
) -> None:
    sooner, later = sorted((one, other))
    first = curve_of(lasting(some, sooner)).mark(share)
    assert or_never(curve_of(lasting(some, later)).mark(share)) >= or_never(first)


@given(SOME, A_LENGTH)
def test_those_that_lasted_longer_have_the_conditional_curve(
    some: list[Outage], days: float
) -> None:
    whole = curve_of(some)
    if whole.still_out(days) == 0:
        return
    conditional = curve_of(lasting(some, days))
    for later in range(int(days), 62):
        wanted = whole.still_out(later) / whole.still_out(days)
        assert conditional.still_out(later) == pytest.approx(wanted)


@given(st.permutations(outages(TREATED)))
def test_the_order_of_outages_does_not_matter(some: list[Outage]) -> None:
    assert curve_of(some) == curve_of(outages(TREATED))
