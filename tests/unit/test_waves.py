"""How many are told by each of the simple strategies, and who is the last of a wave?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.domain.waves import ReleaseState, Strategy, choose_people, plan_wave

HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("quantity", "rate", "units"), [(4, 3, 12), (5, 1.5, 7), (3, 0.1, 1), (0, 3, 1)]
)
def test_so_many_units_are_told_for_each_there_is_and_one_at_least(
    quantity: int, rate: float, units: int
) -> None:
    strategy = Strategy(name="per_unit", rate=rate, interval=HALF_HOUR)
    plan = plan_wave(ReleaseState(quantity=quantity, units_told=0, waves=0), strategy=strategy)

    assert (plan.people, plan.units, plan.largest) == (None, units, quantity)
    assert plan.again_in == HALF_HOUR
    assert plan.facts == {"rule": "per_unit", "stock": quantity, "rate": rate, "units": units}


def test_without_a_quantity_a_wave_is_as_large_as_was_set() -> None:
    strategy = Strategy(name="per_unit", size=20, interval=HALF_HOUR)
    plan = plan_wave(ReleaseState(quantity=None, units_told=0, waves=0), strategy=strategy)

    assert (plan.people, plan.units, plan.largest) == (20, None, None)
    assert plan.again_in == HALF_HOUR
    assert plan.facts == {"rule": "no_quantity", "size": 20}


# Ann wants two, Ben three, Cleo one.
LINE = [(1, 2), (2, 3), (3, 1)]


@pytest.mark.parametrize(
    ("people", "units", "largest", "is_first", "told", "passed", "full"),
    [
        (None, 5, None, False, (1, 2), (), True),  # who fits to the unit is told
        (None, 4, None, False, (1,), (), True),  # and nobody overtakes who does not
        (2, None, None, False, (1, 2), (), True),
        (3, None, None, False, (1, 2, 3), (), False),
        (None, None, 3, False, (1, 2, 3), (), False),  # all there is, is not too many
        (None, None, 2, False, (1, 3), (2,), False),
        (None, 1, None, True, (1,), (), True),  # the first of a wave, and no second
        (None, 1, None, False, (), (), True),
    ],
)
def test_a_wave_ends_with_the_last_who_fits(
    people: int | None,
    units: int | None,
    largest: int | None,
    is_first: bool,
    told: tuple[int, ...],
    passed: tuple[int, ...],
    full: bool,
) -> None:
    chosen = choose_people(
        LINE, people_left=people, units_left=units, largest=largest, is_first=is_first
    )
    assert (chosen.told, chosen.passed, chosen.full) == (told, passed, full)
