"""What may a person do with a release, and what is said of what he may not?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.errors import Conflict
from notifier.services.steer_release import (
    pause_release,
    release_now,
    resume_release,
    stop_release,
)
from tests.world import ANN, BEN, EVE, World

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # no SQL of its own
Steer = Callable[..., object]


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Of three who wait, one was told; the next is in an hour."""
    world = make_world(
        double_opt_in=False,
        release={"strategy": "fixed", "size": 1, "interval": timedelta(hours=1)},
    )
    world.see("SHIRT-S", 0)
    for one in (ANN, BEN, EVE):
        world.asks(one)
    world.see("SHIRT-S", 3)
    world.run()
    return world


def steered(world: World, steer: Steer) -> None:
    steer(world.env, world.shop, 1, by="Olga")


def audit(world: World) -> list[str]:
    return [row["act"] for row in world.rows("SELECT act FROM ledger WHERE book = 'audit'")]


@pytest.mark.parametrize(
    ("before", "steer", "act"),
    [
        ([], pause_release, "release.paused"),
        ([pause_release], resume_release, "release.resumed"),
        ([], stop_release, "release.stopped"),
        ([pause_release], stop_release, "release.stopped"),
    ],
)
def test_who_says_it_twice_is_heard_once(
    world: World, before: list[Steer], steer: Steer, act: str
) -> None:
    for one in before:
        steered(world, one)
    first = world.rows("SELECT * FROM releases")
    steered(world, steer)
    once = world.rows("SELECT * FROM releases")
    assert once != first
    world.clock.advance(timedelta(minutes=1))
    steered(world, steer)
    assert world.rows("SELECT * FROM releases") == once
    assert audit(world).count(act) == 1


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ([pause_release], {release_now: "is paused by a person, so it cannot be hurried"}),
        (
            [stop_release],
            {pause_release: "is stopped", release_now: "is stopped"},
        ),
    ],
)
def test_what_it_is_not_in_the_state_for_is_refused(
    world: World, before: list[Steer], refused: dict[Steer, str]
) -> None:
    for one in before:
        steered(world, one)
    _refuses(world, refused)


def test_what_is_done_is_done(world: World) -> None:
    for _ in range(3):
        world.see("SHIRT-S", 3, step=timedelta(hours=1))
        world.run()
    assert world.rows("SELECT state FROM releases") == [{"state": "done"}]
    every = (pause_release, resume_release, stop_release, release_now)
    _refuses(world, dict.fromkeys(every, "Release 1 is done, so it cannot"))


def _refuses(world: World, refused: dict[Steer, str]) -> None:
    before = (world.rows("SELECT * FROM releases"), audit(world))
    for steer, words in refused.items():
        with pytest.raises(Conflict) as error:
            steered(world, steer)
        assert words in str(error.value)
    assert (world.rows("SELECT * FROM releases"), audit(world)) == before


def test_who_hurries_it_does_not_wait_for_the_next_wave(world: World) -> None:
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 1
    steered(world, release_now)
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 2
    assert audit(world) == ["release.hurried"]
