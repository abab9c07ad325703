"""What follows when a release that was held back goes on, late, or beside a newer restock?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifier.errors import Conflict
from notifier.services.steer_release import pause_release, resume_release, stop_release
from notifier.services.sweep import sweep
from notifier.store import switches
from tests.fakes.smtp_server import Fault
from tests.world import ANN, BEN, EVE, World

MINUTES, DAY = timedelta(minutes=30), timedelta(days=1)
LINE = (ANN, BEN, EVE)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """All three wait; Ann and Ben are told in the first wave, whose messages are written."""
    world = make_world(
        double_opt_in=False,
        release={"strategy": "fixed", "size": 2, "interval": MINUTES},
        stock={"cool_down": timedelta(0)},
    )
    world.see("SHIRT-S", 0)
    for one in LINE:
        world.asks(one)
    world.see("SHIRT-S", 3)
    world.announce()
    return world


def told(world: World) -> list[int]:
    return [len(world.mails(one, "back_in_stock")) for one in LINE]


def release_id(world: World) -> int:
    return int(world.rows("SELECT min(id) AS id FROM releases")[0]["id"])


def go_on(world: World, *, step: timedelta = MINUTES) -> None:
    for _ in range(4):
        world.see("SHIRT-S", 3, step=step)
        sweep(world.env)
        world.run()


@pytest.mark.parametrize("held", [pause_release, stop_release])
def test_who_was_to_be_told_is_told_once_when_it_goes_on_days_later(
    world: World, held: Callable[..., object]
) -> None:
    one = release_id(world)
    held(world.env, world.shop, one, by="Olga")
    world.deliver()
    assert told(world) == [0, 0, 0]
    world.see("SHIRT-S", 3, step=3 * DAY)
    resume_release(world.env, world.shop, one, by="Olga")
    go_on(world)
    assert told(world) == [1, 1, 1]


def test_a_newer_release_tells_everybody_once_and_the_paused_one_nobody(world: World) -> None:
    one = release_id(world)
    pause_release(world.env, world.shop, one, by="Olga")
    world.see("SHIRT-S", 0, step=DAY)
    world.see("SHIRT-S", 3)
    go_on(world)
    assert told(world) == [1, 1, 1]
    with pytest.raises(Conflict, match="came back once more"):
        resume_release(world.env, world.shop, one, by="Olga")
    go_on(world)
    assert told(world) == [1, 1, 1]


def test_goods_that_return_before_it_goes_on_are_told_by_it(world: World) -> None:
    """Seen as the same restock, so that no newer release is made."""
    one = release_id(world)
    world.reconfigure(stock={**world.shop.config.stock.model_dump(), "cool_down": 30 * DAY})
    pause_release(world.env, world.shop, one, by="Olga")
    world.see("SHIRT-S", 0)
    world.see("SHIRT-S", 3)
    go_on(world)
    assert told(world) == [0, 0, 0]
    resume_release(world.env, world.shop, one, by="Olga")
    go_on(world)
    assert told(world) == [1, 1, 1]


def alerts_wait_for_two_days(world: World) -> None:
    name = switches.of_alerts("kettle")
    with world.db.write() as tx:
        switches.turn(tx, name, off=True, why="a test", by="Olga", at=world.clock())
    go_on(world, step=DAY / 2)
    with world.db.write() as tx:
        switches.turn(tx, name, off=False, why="", by="Olga", at=world.clock())


def test_who_was_not_told_while_all_alerts_waited_is_told_anew(world: World) -> None:
    alerts_wait_for_two_days(world)
    go_on(world)
    assert told(world) == [1, 1, 1]


def test_who_was_not_told_while_the_mail_server_was_away_for_days_is_told_anew(
    world: World,
) -> None:
    world.smtp.refuse_connections()
    go_on(world, step=DAY)
    assert told(world) == [0, 0, 0]
    assert world.count("messages", "reason = 'stale'") >= len(LINE)
    world.smtp.accept_connections()
    go_on(world)
    assert told(world) == [1, 1, 1]


def test_who_may_have_been_told_before_all_alerts_waited_is_not_told_anew(world: World) -> None:
    """The mail server took it and was gone before it said so."""
    world.smtp.misbehave(Fault(at="dot", rcpt=ANN, drop=True, stores=True))
    world.deliver()
    alerts_wait_for_two_days(world)
    go_on(world)
    assert told(world) == [1, 1, 1]
