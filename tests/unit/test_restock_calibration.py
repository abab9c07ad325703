"""Does the check of the marks find that they hold, and that they do not?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import restock_calibration
from notifier.domain.outages import DAY, PastOutage
from notifier.domain.restock_calibration import HELD_OUT, TOO_FEW, Verdict, calibrate, wilson

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


# R. G. Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3 (without correction).
@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(hits: int, tries: int, low: float, high: float) -> None:
    assert wilson(hits, tries) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_without_a_try_the_share_may_be_anything() -> None:
    assert wilson(0, 0) == (0, 1)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_stays_between_none_and_all(one: int, other: int) -> None:
    hits, tries = sorted((one, other))
    low, high = wilson(hits, tries)
    assert 0 <= low <= (hits / tries if tries else 0.5) + 1e-12
    assert (hits / tries if tries else 0.5) <= high + 1e-12
    assert high <= 1


# ---- made-up shops ----


def lived(
    seed: int, length: Callable[[Random, float], float], *, variants: int, days: float
) -> list[PastOutage]:
    """The outages of a shop up to its last day; `length` may change with the day it begins."""
    rng = Random(seed)
    end = BEGIN + days * DAY
    found = []
    for variant in range(variants):
        day = rng.uniform(0, 30)
        while day < days:
            lasts = length(rng, day)
            back = BEGIN + (day + lasts) * DAY
            found.append(
                PastOutage(
                    variant=variant,
                    product=variant // 3,
                    began=BEGIN + day * DAY,
                    until=min(back, end),
                    ended=back <= end,
                )
            )
            day += lasts + rng.uniform(10, 60)
    return found


def steady(rng: Random, _day: float) -> float:
    return rng.gammavariate(2, 6)  # 12 days in the mean, seldom more than 40


def ever_slower(rng: Random, day: float) -> float:
    return rng.gammavariate(2, 6) * (1 + day / 60)


def ever_faster(rng: Random, day: float) -> float:
    return rng.gammavariate(2, 6) / (1 + day / 30)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("variants", [12, 60])
def test_the_marks_hold_where_the_future_is_like_the_past(seed: int, variants: int) -> None:
    past = lived(seed, steady, variants=variants, days=700)
    held = calibrate(past, now=BEGIN + 700 * DAY)
    assert held.most.outages >= 80
    assert abs((held.most.share or 0) - 0.8) < 0.12  # three standard errors and the few at first
    assert abs((held.half.share or 0) - 0.5) < 0.15
    assert held.most.verdict is not Verdict.TOO_EARLY


def test_marks_that_fail_since_outages_grow_longer_are_found_out() -> None:
    past = lived(1, ever_slower, variants=40, days=700)
    held = calibrate(past, now=BEGIN + 700 * DAY)
    assert held.most.verdict is Verdict.TOO_EARLY
    assert held.most.high < 0.8


def test_marks_that_are_too_cautious_are_found_out() -> None:
    past = lived(1, ever_faster, variants=40, days=700)
    assert calibrate(past, now=BEGIN + 700 * DAY).most.verdict is Verdict.TOO_LATE


# ---- what counts ----


def regular(lasts: Sequence[float], *, last_ended: bool = True) -> list[PastOutage]:
    """One variant; an outage every 100 days."""
    return [
        PastOutage(
            variant=1,
            product=1,
            began=BEGIN + 100 * n * DAY,
            until=BEGIN + (100 * n + days) * DAY,
            ended=last_ended or n < len(lasts) - 1,
        )
        for n, days in enumerate(lasts)
    ]


AFTER = BEGIN + 5000 * DAY


def test_each_is_judged_by_those_before_it_alone() -> None:
    # the first five have too few before them; then 10 days are said, and 10, 11, 10 days happen
    held = calibrate(regular([10, 10, 10, 10, 10, 10, 11, 10]), now=AFTER)
    assert (held.tried, held.most.outages, held.most.within) == (8, 3, 2)


def at_once(day: float, lasts: list[float]) -> list[PastOutage]:
    """One outage each of as many products, all begun on that day."""
    began = BEGIN + day * DAY
    return [
        PastOutage(
            variant=int(day) * 10 + n,
            product=int(day) * 10 + n,
            began=began,
            until=began + days * DAY,
            ended=True,
        )
        for n, days in enumerate(lasts)
    ]


def test_an_end_that_was_to_come_is_not_used() -> None:
    # when the last one began, none of the five had ended: nobody could have said 20 days
    past = at_once(0, [20] * 5) + at_once(10, [15])
    assert calibrate(past, now=AFTER).most.outages == 0
    later = at_once(0, [20] * 5) + at_once(20, [15])
    assert calibrate(later, now=AFTER).most.outages == 1


def test_only_the_newest_of_a_shop_are_looked_back_at(monkeypatch: pytest.MonkeyPatch) -> None:
    past = at_once(0, [100] * 9) + at_once(200, [10] * 5) + at_once(400, [50])
    held = calibrate(past, now=AFTER).most
    assert (held.within, held.outages) == (6, 6)
    monkeypatch.setattr(restock_calibration, "LOOKED_BACK", 5)
    # by the five of ten days alone the one of fifty is a miss; of those five the first has five
    # ended ones before it, the others have open ones among them
    held = calibrate(past, now=AFTER).most
    assert (held.within, held.outages) == (1, 2)


@pytest.mark.parametrize(("day", "counted"), [(509.9, 0), (510, 1)])
def test_one_counts_only_when_its_mark_is_over(day: float, counted: int) -> None:
    # back after two days; were it counted then, quick ones would count before slow ones
    held = calibrate(regular([10] * 5 + [2]), now=BEGIN + timedelta(days=day))
    assert held.most.outages == counted


def test_one_that_is_still_open_after_its_mark_is_a_miss() -> None:
    held = calibrate(regular([10] * 5 + [30], last_ended=False), now=BEGIN + 530 * DAY)
    assert (held.most.within, held.most.outages) == (0, 1)


def test_one_that_was_given_up_before_its_mark_tells_nothing() -> None:
    held = calibrate(regular([10] * 5 + [4], last_ended=False), now=AFTER)
    assert held.most.outages == 0


def test_with_fewer_than_some_nothing_is_judged() -> None:
    few = calibrate(regular([10] * 5 + [99] * (TOO_FEW - 1)), now=AFTER)
    assert few.most.outages == TOO_FEW - 1
    assert few.most.verdict is Verdict.TOO_FEW
    assert calibrate([], now=AFTER).most.verdict is Verdict.TOO_FEW
    assert calibrate([], now=AFTER).most.share is None


def test_the_work_is_bounded() -> None:
    past = lived(2, steady, variants=400, days=700)
    assert len(past) > 4000
    assert calibrate(past, now=BEGIN + 700 * DAY).tried == HELD_OUT
