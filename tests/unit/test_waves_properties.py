"""What holds for every line of people and every wave?"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.waves import ReleaseState, Strategy, choose_people, plan_wave

LINE = st.lists(st.integers(1, 9), max_size=40).map(lambda asked: list(enumerate(asked)))
LIMIT = st.one_of(st.none(), st.integers(0, 20))


@given(LINE, LIMIT, LIMIT, LIMIT, st.booleans())
def test_a_wave_keeps_order_and_limits_and_lets_nobody_overtake(
    line: list[tuple[int, int]],
    people: int | None,
    units: int | None,
    largest: int | None,
    is_first: bool,
) -> None:
    chosen = choose_people(
        line, people_left=people, units_left=units, largest=largest, is_first=is_first
    )
    asked = dict(line)
    told = list(chosen.told)
    assert told == sorted(told)
    assert chosen.units == sum(asked[one] for one in told)
    assert people is None or len(told) <= people
    assert units is None or chosen.units <= units or (is_first and len(told) == 1)
    passed = {one for one, wish in line if largest is not None and wish > largest}
    assert not passed & set(told)
    # who is not told although nobody need wait for more stock stands behind all who are
    left_out = [one for one, _ in line if one not in passed and one not in told]
    assert not left_out or not told or min(left_out) > max(told)
    assert chosen.full or not left_out


@given(LINE, st.integers(1, 20), st.sampled_from([0.3, 1.0, 3.0]))
def test_waves_that_follow_each_other_reach_everybody_who_can_be_served(
    line: list[tuple[int, int]], quantity: int, rate: float
) -> None:
    """While the stock stays, nobody who wants no more than there is waits for ever."""
    strategy = Strategy(name="per_unit", rate=rate, interval=timedelta(minutes=30))
    told: list[int] = []
    for wave in range(len(line) + 1):
        state = ReleaseState(quantity=quantity, units_told=0, waves=wave)
        plan = plan_wave(state, strategy=strategy)
        waiting = [(one, asked) for one, asked in line if one not in told]
        chosen = choose_people(
            waiting,
            people_left=plan.people,
            units_left=plan.units,
            largest=plan.largest,
            is_first=True,
        )
        told += chosen.told
        if not chosen.full:
            break
    assert told == sorted(told)
    assert set(told) == {one for one, asked in line if asked <= quantity}
