"""Do all senders together keep to the rate that a provider takes?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from notifier.channels.base import Letter, NotePhase, Outcome, Phase, Result
from notifier.channels.sms.pace import Pace as SmsPace
from notifier.channels.smtp.pace import Pace
from notifier.services.deliver import Sender
from notifier.services.env import Env
from notifier.services.tidy import tidy
from tests.world import ANN, BEN, RENDERER, World


class Carrier:
    """A channel with a rate; it takes everything and keeps which part of its rate it was given."""

    def __init__(self) -> None:
        self.is_paced = True
        self.parts: list[int] = []

    def share_rate(self, among: int) -> None:
        self.parts.append(among)

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        for letter in letters:
            note(letter.message_id, Phase.HANDED_OVER)
            yield letter, Result(outcome=Outcome.ACCEPTED, code="ok")

    def close(self) -> None:
        """Nothing is open."""


class Site:
    """One more sender on the same database."""

    def __init__(self, env: Env) -> None:
        self.carrier = Carrier()
        self.sender = Sender(env, RENDERER, make=lambda _env, _name: self.carrier)  # type: ignore[arg-type,return-value]

    def send(self, world: World) -> int:
        """Something becomes due, and this one sends it; among how many is the rate shared?"""
        world.asks(f"p{world.count('subscriptions')}@waits.example")
        self.sender.send_due()
        return self.carrier.parts[-1]


@pytest.fixture
def sites(world: World) -> Iterator[list[Site]]:
    world.see("SHIRT-S", 0)
    found = [Site(world.env) for _ in range(3)]
    yield found
    for one in found:
        one.sender.close()


def test_a_rate_is_shared_by_those_who_send_now(world: World, sites: list[Site]) -> None:
    first, second, third = sites
    assert first.send(world) == 1  # who sends alone has all of it
    assert [second.send(world), third.send(world), first.send(world)] == [2, 3, 3]
    world.clock.advance(timedelta(seconds=4))
    assert first.send(world) == 3
    world.clock.advance(timedelta(seconds=4))  # the others had nothing to send, or died
    assert first.send(world) == 1
    world.clock.advance(timedelta(days=-1))  # a clock that was set back keeps nobody in
    assert second.send(world) == 1


def test_without_a_rate_nobody_is_counted(world: World, sites: list[Site]) -> None:
    sites[0].carrier.is_paced = False
    world.asks(ANN)
    sites[0].sender.send_due()
    assert sites[0].carrier.parts == []
    assert world.count("leases", "name LIKE 'rate:%'") == 0


def test_senders_that_are_gone_leave_nothing_behind(world: World, sites: list[Site]) -> None:
    for one in sites:
        one.send(world)
    assert world.count("leases", "name LIKE 'rate:%'") == 3
    world.clock.advance(timedelta(hours=2))
    assert tidy(world.env)["members"] == 3


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_part_of_a_rate_lies_further_apart(engine_name: str) -> None:
    pace = Pace(rate=10, provider_rate=2)
    pace.among = 4
    pace.take(100.0)
    assert pace.wait(100.0) == pytest.approx(0.4)
    assert [pace.book(BEN, 100.0, at_most=2), pace.book(BEN, 100.0, at_most=2)] == [0.0, 2.0]
    waited: list[float] = []
    sms = SmsPace(
        rate_per_second=10,
        clock=lambda: None,
        wait=waited.append,
        monotonic=lambda: 100.0,  # type: ignore[arg-type,return-value]
    )
    sms.among = 4
    for _ in range(2):
        sms.wait_turn()
    assert waited == [pytest.approx(0.4)]
