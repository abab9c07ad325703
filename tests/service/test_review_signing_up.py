"""Does who asks twice, or for several things, get onto the list?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.domain.availability import Availability
from notifier.errors import Conflict
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.end_waiting import end
from tests.world import ANN, World

HERE = Circumstances()


def test_asking_again_after_confirming_another_request_waits_at_once(world: World) -> None:
    """The second request got no mail of its own (A10), and its owner left it unticked."""
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    first, second = world.asks(ANN, "SHIRT-S"), world.asks(ANN, "SHIRT-M")
    confirm(world.env, first, circumstances=HERE)
    assert world.subscription(second).state == "unconfirmed"
    assert world.asks(ANN, "SHIRT-M") is None
    assert world.subscription(second).state == "waiting"


def test_asking_again_after_cancelling_the_request_that_had_the_mail_brings_one(
    world: World,
) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.see("SHIRT-L", 0)
    first = world.asks(ANN, "SHIRT-S")
    world.asks(ANN, "SHIRT-M")
    world.asks(ANN, "SHIRT-L")
    world.deliver()
    end(world.env, first, circumstances=HERE)
    world.asks(ANN, "SHIRT-M")
    world.clock.advance(timedelta(hours=1))  # no sooner after the first one
    world.deliver()
    assert len(world.mails(ANN, "confirm")) == 2
    world.asks(ANN, "SHIRT-M")  # and still no third for what has one
    world.asks(ANN, "SHIRT-L")
    world.deliver()
    assert len(world.mails(ANN, "confirm")) == 2


def test_a_shop_that_vouches_makes_an_unconfirmed_request_wait(world: World) -> None:
    world.see("SHIRT-S", 0)
    asked = world.asks(ANN)
    world.asks(ANN, confirmed=True, evidence="asked for it at the till")
    assert world.subscription(asked).state == "waiting"


def test_who_wants_goods_that_are_there_can_ask_while_it_is_on_backorder(
    make_world: Callable[..., World],
) -> None:
    world = make_world(stock={"backorder_counts": True})
    world.see("SHIRT-S", availability=Availability.BACKORDER)
    with pytest.raises(Conflict):
        world.asks(ANN)
    assert world.asks(ANN, physical_only=True)


def zone_of(world: World) -> object:
    return world.rows("SELECT time_zone FROM contacts")[0]["time_zone"]


def test_who_has_moved_is_written_to_by_the_clocks_of_the_new_place(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.see("SHIRT-M", 0)
    world.asks(ANN, "SHIRT-S", time_zone="Europe/Berlin")
    world.asks(ANN, "SHIRT-M", time_zone="America/New_York")
    assert zone_of(world) == "America/New_York"


@pytest.mark.parametrize("said", ["", "Mars/Phobos", "../etc/passwd", "a\x00b"])
def test_a_time_zone_that_is_none_changes_nothing(world: World, said: str) -> None:
    world.see("SHIRT-S", 0)
    world.asks(ANN, time_zone="Europe/Berlin")
    world.asks(ANN, time_zone=said)
    assert zone_of(world) == "Europe/Berlin"
