"""Has a delivery from outside its effect once, however often and however late it comes?"""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.services import answer_once
from notifier.services.act_once import Acted, act_once
from notifier.services.tidy import tidy
from notifier.store import limits
from tests.world import World


class Desk:
    """Counts what deliveries did."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acted = 0

    def act(self) -> None:
        self.acted += 1

    def hear(self, name: str = "one", *, body: bytes = b"") -> Acted:
        return act_once(self.world.env, name, scope="hook:test", act=self.act, body=body)


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_the_same_delivery_has_no_effect_for_a_week(desk: Desk) -> None:
    assert desk.hear() is Acted.DONE
    for _ in range(6):
        assert desk.hear() is Acted.BEFORE
        desk.world.clock.advance(timedelta(days=1))
        tidy(desk.world.env)
    assert desk.hear() is Acted.BEFORE
    assert desk.acted == 1

    desk.world.clock.advance(timedelta(days=1, seconds=1))
    tidy(desk.world.env)
    assert desk.hear() is Acted.DONE


def test_the_same_delivery_at_a_time_is_told_to_come_again(desk: Desk) -> None:
    meanwhile: list[Acted] = []
    done = act_once(
        desk.world.env, "one", scope="hook:test", act=lambda: meanwhile.append(desk.hear())
    )
    assert (done, meanwhile, desk.acted) == (Acted.DONE, [Acted.BUSY], 0)


def test_a_delivery_that_failed_may_come_again_at_once(desk: Desk) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        act_once(desk.world.env, "one", scope="hook:test", act=fail)
    assert desk.hear() is Acted.DONE
    assert desk.acted == 1


def test_what_died_half_way_is_done_by_the_same_delivery_and_by_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    monkeypatch.setattr(answer_once, "forget", lambda *_: None)  # the process is gone
    with pytest.raises(Died):
        act_once(desk.world.env, "one", scope="hook:test", act=die, body=b"five")
    assert desk.hear(body=b"five") is Acted.BUSY

    desk.world.clock.advance(answer_once.LEFT_BEHIND + timedelta(seconds=1))
    assert desk.hear(body=b"six") is Acted.BUSY
    assert desk.hear(body=b"five") is Acted.DONE
    assert desk.acted == 1


def test_a_process_that_dies_just_after_the_effect_does_not_cause_a_second(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(limits, "spend", die)
        with pytest.raises(KeyboardInterrupt):
            desk.hear()
    desk.world.clock.advance(answer_once.LEFT_BEHIND + timedelta(seconds=1))
    assert desk.hear() is Acted.BEFORE
    assert desk.acted == 1
