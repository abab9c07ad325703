"""Is a mailbox that stays full given up in the end, and one that was emptied not? (trust 2.1.1)"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.smtp_server import Fault
from tests.world import ANN, World

FULL = Fault(at="rcpt", rcpt=ANN, reply="452 4.2.2 Mailbox full", times=100)
DAY = timedelta(days=1)
MUGS = ("MUG-0", "MUG-1", "MUG-2", "MUG-3")


@pytest.fixture
def mugs(world: World) -> list[int]:
    """Ann waits for four mugs; her subscriptions."""
    for mug in MUGS:
        world.see(mug, 0, product=mug)
    found = [world.waits(ANN, mug) for mug in MUGS]
    world.run()
    return found


def comes_back(world: World, mug: str, *, full: bool = True) -> None:
    """And is announced, for a day."""
    if full:
        world.smtp.misbehave(FULL)
    else:
        world.smtp.behave()
    world.see(mug, 9, product=mug)
    world.run()
    world.clock.advance(DAY)
    world.run()


def suppressed(world: World) -> int:
    return world.count("suppressions", "reason = 'bounced'")


def test_a_mailbox_full_for_three_messages_in_a_week_is_given_up(
    world: World, mugs: list[int]
) -> None:
    for mug in MUGS[:2]:
        comes_back(world, mug)
        world.clock.advance(3 * DAY)
    assert suppressed(world) == 0
    comes_back(world, MUGS[2])
    assert suppressed(world) == 1
    assert world.subscription(mugs[3]).ended_reason == "bounced"


@pytest.mark.parametrize(("arrives", "pause"), [(True, 3 * DAY), (False, DAY)])
def test_a_mailbox_that_was_emptied_or_not_full_for_long_is_written_to_again(
    world: World, mugs: list[int], arrives: bool, pause: timedelta
) -> None:
    comes_back(world, MUGS[0])
    world.clock.advance(pause)
    comes_back(world, MUGS[1], full=not arrives)
    world.clock.advance(pause)
    comes_back(world, MUGS[2])
    assert suppressed(world) == 0
    assert world.subscription(mugs[3]).state == "waiting"
