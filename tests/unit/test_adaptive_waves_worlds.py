"""Does the adaptive strategy keep its promise in worlds it knows nothing of? A short simulation.

`python -m bench.waves` is the long one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from statistics import mean

import pytest

from bench.waves_run import Outcome, adaptive_way, fixed_way, play
from bench.waves_sampler import TUNED_ON, sample
from bench.waves_worlds import WORLDS, World
from notifier.domain.adaptive import LATE
from notifier.domain.waves import Strategy

HOT = WORLDS["50 for 5,000, 36 % (hot)"]
SMALL = World(units=20, waiting=600, buy=0.2, look=0.5, median=0.5, spread=0.9)
COOL = World(units=60, waiting=3_000, buy=0.06, look=0.3, median=0.8)
HASTY = Strategy(name="per_unit", rate=5, interval=timedelta(hours=2))
CAREFUL = Strategy(name="per_unit", rate=0.5, interval=timedelta(hours=1))
SEEDS = 3


@cache
def releases(
    world: World, strategy: Strategy | None = None, *, seeds: int = SEEDS
) -> list[Outcome]:
    """The same few releases for every strategy; None: adaptive."""
    return [
        play(world, seed=seed, way=fixed_way(strategy) if strategy else adaptive_way())
        for seed in range(seeds)
    ]


def late(outcomes: list[Outcome]) -> float:
    return mean(one.late_share for one in outcomes)


def hours(outcomes: list[Outcome]) -> float:
    return mean(one.hours for one in outcomes)


def test_over_the_worlds_at_most_two_of_a_hundred_come_too_late() -> None:
    found = [late(releases(world)) for world in (HOT, SMALL, COOL)]
    assert mean(found) <= LATE, found


@pytest.mark.parametrize("world", [HOT, SMALL, COOL])
def test_a_fixed_rate_disappoints_more_than_may_be_or_is_slower(world: World) -> None:
    ours = releases(world)
    for fixed in (releases(world, HASTY), releases(world, CAREFUL)):
        assert late(fixed) > LATE or hours(fixed) > hours(ours)
    assert all(one.done for one in ours)


def test_where_most_people_buy_few_come_too_late_though_nothing_was_known() -> None:
    found = releases(replace(SMALL, buy=0.7, look=0.9), seeds=6)
    assert late(found) <= 0.06
    assert all(one.done for one in found)


@pytest.mark.parametrize("number", [TUNED_ON + 1, TUNED_ON + 100])
def test_a_world_drawn_by_chance_is_always_the_same_and_can_be_played(number: int) -> None:
    name, world = sample(number)
    assert sample(number) == (name, world)
    assert world.buy <= world.look <= 1
    assert play(world, seed=1, way=fixed_way(CAREFUL)).told > 0


def test_everybody_at_once_disappoints_most_of_those_who_look() -> None:
    assert late(releases(HOT, Strategy(name="all"), seeds=1)) > 0.3


@pytest.mark.every_third
@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 4},
        {"restocks": ((2.0, 15),)},
        {"seen_every": 0.5},
        {"orders": False},
        {"seen_every": 0.5, "orders": False},
        {"strangers": 1.0},
        {"counted": False},
    ],
    ids=lambda change: ", ".join(change),
)
def test_a_shop_that_sees_less_keeps_near_to_it_and_never_starves(
    change: dict[str, object],
) -> None:
    seeds = 2 if change.get("counted", True) else 1  # in small steps, so it takes long
    found = releases(replace(SMALL, **change), seeds=seeds)  # type: ignore[arg-type]
    assert late(found) <= 0.04
    assert all(one.done for one in found)
    assert max(one.longest_wait for one in found) <= 25


def test_a_large_stock_is_not_oversold_where_people_look_days_later() -> None:
    slow = World(units=300, waiting=4_000, buy=0.17, look=0.48, median=15.8, delay="power")
    assert late(releases(slow, seeds=1)) <= 0.03
