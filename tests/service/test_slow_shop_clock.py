"""Is a unit promised once, and a buyer known, where the shop's clock is minutes behind?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.services.report_purchase import CountedPurchase, GivenPurchase, report_purchases
from notifier.services.reserve import reservation_of
from tests.world import ANN, BEN, EVE, World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SLOW = 5 * MINUTE


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Ann has the first one, for an hour; another one has just been seen."""
    world = make_world(double_opt_in=False, release={"hold_for": HOUR})
    world.see("SHIRT-S", 0)
    for address in (ANN, BEN, EVE):
        world.asks(address)
    world.see("SHIRT-S", 1)
    world.run()
    world.see("SHIRT-S", 2)
    return world


def told(world: World) -> list[int]:
    return [len(world.mails(one, "back_in_stock")) for one in (ANN, BEN, EVE)]


def reports(world: World, *, behind: timedelta, **more: str) -> CountedPurchase:
    """The shop says now what was bought now, by a clock that is so far behind."""
    one = GivenPurchase(ref="1001", variant="SHIRT-S", at=world.clock() - behind, **more)
    return report_purchases(world.env, world.shop, [one])[0]


def look_again(world: World) -> None:
    world.clock.advance(5 * MINUTE)
    world.run()


def test_what_a_stranger_has_just_bought_is_offered_to_nobody(world: World) -> None:
    """By the shop's clock it was bought before the last look, which still showed it."""
    world.clock.advance(2 * MINUTE)
    reports(world, behind=SLOW)
    look_again(world)
    assert told(world) == [1, 0, 0]
    world.see("SHIRT-S", 2)  # another one came in
    look_again(world)
    assert told(world) == [1, 1, 0]


def test_who_buys_minutes_after_the_message_has_been_told(world: World) -> None:
    world.clock.advance(2 * MINUTE)
    assert reports(world, behind=SLOW, email=ANN).told is True
    [row] = world.rows("SELECT id FROM messages WHERE kind = 'back_in_stock'")
    assert reservation_of(world.env, world.shop, row["id"]).state == "used"


def test_a_report_that_comes_much_later_counts_from_its_own_time(world: World) -> None:
    """A webhook that was sent again and again; the stock has shown the sale since."""
    bought_at = world.clock() - MINUTE
    world.see("SHIRT-S", 2, step=20 * MINUTE)
    world.clock.advance(MINUTE)
    reports(world, behind=world.clock() - bought_at)
    look_again(world)
    assert told(world) == [1, 1, 0]


def test_a_report_within_a_minute_is_believed_about_its_time(world: World) -> None:
    """The shop pushes its stock when something is sold, and tells of the order after it."""
    world.clock.advance(MINUTE / 2)
    reports(world, behind=MINUTE / 2 + MINUTE / 4)
    look_again(world)
    assert told(world) == [1, 1, 0]


def test_the_same_report_again_moves_nothing(world: World) -> None:
    world.clock.advance(2 * MINUTE)
    assert reports(world, behind=SLOW).counted
    world.see("SHIRT-S", 2)
    world.clock.advance(2 * MINUTE)
    assert not reports(world, behind=SLOW).counted
    look_again(world)
    assert told(world) == [1, 1, 0]
