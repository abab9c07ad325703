"""Does a provider that answers nothing any more keep only its own messages waiting?"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from notifier.engine import senders
from notifier.engine.senders import Senders
from notifier.services import deliver
from notifier.services.deliver import Sender
from notifier.store import switches
from tests.fakes.smtp_dialogue import Fault
from tests.fakes.twilio import FakeTwilio
from tests.timing import PATIENCE, wait_until
from tests.world import SID, TOKEN, World

PHONE = "+12125550123"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "STUCK", 0.2)
    monkeypatch.setattr(senders, "LOOK", 0.02)


@contextmanager
def at_work(world: World, *, count: int) -> Iterator[Senders]:
    team = Senders(world.env, world.renderer, count=count, idle=0.05)
    team.start()
    try:
        yield team
    finally:
        team.stop()
        wait_until(lambda: _ended(team, world))


def _ended(team: Senders, world: World) -> bool:
    """Their answers are waited for, and one may just be connecting anew."""
    world.smtp.drop_connections()
    return team.join(until=time.monotonic())


@pytest.mark.parametrize("refusals", [0, 2], ids=["at once", "no room for its notes at first"])
def test_texts_leave_while_its_sender_waits_for_a_mail_server(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    left = iter([True] * refusals)

    def one_more(*given: Any) -> Sender:
        if next(left, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        return Sender(*given)

    numbers = ("+12125550100",)
    with FakeTwilio(account_sid=SID, auth_token=TOKEN, numbers=numbers) as twilio:
        world = make_world(twilio=twilio)
        world.smtp.misbehave(Fault(at="dot", stall=True))
        world.see("SHIRT-S", 0)
        for number in range(40):
            world.asks(f"p{number}@waits.example")

        with at_work(world, count=1) as team:
            monkeypatch.setattr(senders, "Sender", one_more)
            wait_until(lambda: team._senders[0].stuck_in() == "mail")
            world.asks(PHONE)

            wait_until(lambda: len(twilio.messages) == 1)

            assert world.count("messages", "medium = 'email' AND state = 'accepted'") == 0


def test_nobody_is_in_reserve_while_a_sender_has_time(world: World) -> None:
    world.see("SHIRT-S", 0)
    with at_work(world, count=2) as team:
        for number in range(5):
            world.asks(f"p{number}@waits.example")
        world.smtp.wait_for(5, timeout=PATIENCE)

        assert len(team._senders) == 2


@pytest.mark.parametrize("by", [switches.ITSELF, "olga"])
def test_senders_begin_with_a_channel_that_stopped_itself_and_none_that_somebody_stopped(
    world: World, by: str
) -> None:
    now, mail = world.clock(), switches.of_channel("mail")
    with world.db.write() as tx:
        switches.turn(tx, mail, off=True, why="535: no such user", by=by, at=now)
    world.see("SHIRT-S", 0)
    world.asks("ann@waits.example")

    with at_work(world, count=1):
        with world.db.read() as tx:
            assert (mail in switches.all_off(tx, now=now)) == (by == "olga")
        if by == switches.ITSELF:
            wait_until(lambda: world.count("messages", "state = 'accepted'") == 1)
