"""Do the jobs go on when the machine's clock is set back?"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from apscheduler.schedulers import base as scheduler_base
from apscheduler.triggers import interval

from notifier.engine import clock_steps, embedded
from notifier.engine.embedded import EmbeddedEngine
from notifier.engine.jobs import Job
from tests.fakes.smtp_server import Fault
from tests.timing import wait_until
from tests.world import ANN, BEN, RENDERER, World

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


class Wall:
    """The clock on the wall, for the scheduler and for who watches it."""

    def __init__(self) -> None:
        self.shift = timedelta(0)
        wall = self

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime.now(tz) + wall.shift

        self.datetime = Shifted

    def time(self) -> float:
        return time.time() + self.shift.total_seconds()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    for module in (scheduler_base, interval, embedded):
        monkeypatch.setattr(module, "datetime", made.datetime)
    monkeypatch.setattr(clock_steps, "wall", made.time)
    monkeypatch.setattr(embedded, "LOOK_EVERY", 0.05)
    return made


@pytest.mark.fault("FI-31")
def test_jobs_run_on_by_a_clock_that_was_set_back_by_hours(world: World, wall: Wall) -> None:
    runs: list[datetime] = []
    often = Job(
        name="poll",
        every=timedelta(seconds=0.1),
        run=lambda _env, _owner: runs.append(datetime.now(UTC)),
    )
    engine = EmbeddedEngine(world.env, RENDERER, jobs=True, table=[often])
    engine.start()
    try:
        wait_until(lambda: len(runs) >= 2)
        wall.shift = timedelta(hours=-3)
        time.sleep(0.3)  # what was due by the old clock has run
        before = len(runs)

        wait_until(lambda: len(runs) >= before + 3)
    finally:
        engine.stop()


@pytest.mark.fault("FI-31")
def test_a_channel_that_paused_for_minutes_does_not_pause_for_hours(world: World) -> None:
    world.see("SHIRT-S", 0)
    world.smtp.misbehave(Fault(at="mail", reply="550 5.7.1 Not yours", times=1))
    world.asks(ANN)
    world.deliver()
    assert world.count("switches", "off") == 1
    world.clock.advance(timedelta(hours=-3))

    world.asks(BEN)
    world.deliver()

    assert len(world.mails(BEN)) == 1
