"""Is a line that is longer than one transaction takes treated like a short one?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.services import tell_next
from notifier.services.sweep import sweep
from tests.world import ANN, BEN, EVE, World

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def world(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> World:
    """Two people are dealt with in one transaction; ten units are needed to tell one person."""
    monkeypatch.setattr(tell_next, "CHUNK", 2)
    return make_world(release={"strategy": "per_unit", "rate": 0.1, "interval": HALF_HOUR})


def test_a_wave_tells_somebody_also_when_all_before_were_passed_over(world: World) -> None:
    world.see("SHIRT-S", 0)
    for many in (BEN, EVE):
        world.waits(many, quantity=9)
    world.waits(ANN, quantity=2)
    world.run()
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    assert world.mails(BEN, "back_in_stock") == []


def test_one_wave_is_not_first_in_each_of_its_chunks(world: World) -> None:
    world.see("SHIRT-S", 0)
    for n in range(5):
        world.waits(f"p{n}@waits.example", quantity=2)
    world.run()
    world.see("SHIRT-S", 5)
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 1
    world.see("SHIRT-S", 5, step=HALF_HOUR)
    world.run()
    assert len(world.mails(kind="back_in_stock")) == 2


def test_who_was_passed_over_in_an_early_chunk_keeps_the_release_open(world: World) -> None:
    world.see("SHIRT-S", 0)
    for many in (BEN, EVE):
        world.waits(many, quantity=9)
    ann = world.waits(ANN)
    world.run()
    world.see("SHIRT-S", 5)
    world.run()
    assert world.subscription(ann).state == "told"
    for _ in range(3):
        world.see("SHIRT-S", 5, step=HALF_HOUR)
        sweep(world.env)
        world.run()
    assert [row["state"] for row in world.rows("SELECT state FROM releases")] == ["running"]
    world.see("SHIRT-S", 9, step=HALF_HOUR)
    world.run()
    assert len(world.mails(BEN, "back_in_stock")) == 1
