"""Is everybody told now or by one message, in whatever order things happen? (trust RL-8, RL-21,
FI-30)

Steps of signing up, confirming, stopping, a restock, the fan-out and a sender are run in many
orders, one at a time, each order repeatable. The last look at who still wants a letter is good for
a twentieth of a second; here for no time at all, so that "after the stop was answered" is sharp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from notifier.channels.base import Letter, NotePhase, Outcome, Phase, Result
from notifier.errors import Conflict, StoreBusy
from notifier.services import last_look
from notifier.services.confirm import confirm
from notifier.services.consent import Circumstances
from notifier.services.deliver import Sender
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.store.session import Database
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.interleaving import Choose, Interleaver, Interrupted, Seeded
from tests.timing import SettableClock
from tests.world import RENDERER, World

HERE = Circumstances()
# The first is stopped at each of its steps for those in the middle, after the last were there.
GOODS = ("restock", "announce", "deliver")
PAIRS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("deliver", ("stop",), ("restock", "announce")),
    ("ask", GOODS, ()),
    ("confirm", GOODS, ()),
    ("stop", GOODS, ()),
    ("confirm", ("click again",), ()),
    ("deliver", ("confirm", "ask"), ("restock", "announce")),
    ("announce", ("stop", "deliver"), ("restock",)),
    ("announce", ("ask", "confirm"), ("restock",)),
    ("restock", ("ask", "announce"), ()),
    ("restock", ("confirm", "announce"), ()),
)
STEPS = {True: 12, False: 40}  # of one of them: transactions on SQLite, statements on PostgreSQL
SHORT = 24
MANY = pytest.param(520, marks=[pytest.mark.soak, pytest.mark.lasts(350)])


@dataclass(slots=True)
class Channel:
    """Takes every letter. Notes when each began to leave: a send has started once `note` let it."""

    steps: Interleaver
    clock: Callable[[], int]
    began: list[tuple[int, str, str]] = field(default_factory=list)

    def send(self, letters: Sequence[Letter], *, note: NotePhase) -> Iterator[Any]:
        for letter in letters:
            self.steps.pause()
            note(letter.message_id, Phase.HANDED_OVER)
            self.began.append((self.clock(), letter.address, letter.kind))
            self.steps.pause()
            yield letter, Result(outcome=Outcome.ACCEPTED, code="250")

    def check(self) -> list[Any]:
        return []

    def close(self) -> None:
        """Nothing is open."""


class Story:
    """One variant, and people around its restock. Ann asks, Ben confirms (he clicks twice), Cleo
    stops, Dan just waits."""

    def __init__(self, world: World, steps: Interleaver, number: int) -> None:
        self.world = world
        self.number = number
        self.key = f"MUG-{number}"
        self.tick = 0
        self.answered = 0
        self.channel = Channel(steps, self._next)
        self.sender = Sender(world.env, RENDERER, make=lambda *_: self.channel)  # type: ignore[arg-type,return-value]
        world.see(self.key, 0, product=self.key)
        self.asked = world.asks(self.address("ben"), self.key)
        self.cleo = world.asks(self.address("cleo"), self.key, confirmed=True)
        world.asks(self.address("dan"), self.key, confirmed=True)
        self.quiet()

    def _next(self) -> int:
        self.tick += 1
        return self.tick

    def address(self, name: str) -> str:
        return f"{name}{self.number}@waits.example"

    def quiet(self) -> None:
        """Announce and deliver what is due, undisturbed."""
        self.world.announce()
        while self.sender.send_due():
            continue

    def works(self) -> dict[str, Callable[[], Any]]:
        env, world = self.world.env, self.world
        assert self.asked is not None
        ben = self.asked
        works: dict[str, Callable[[], Any]] = {
            "ask": lambda: world.asks(self.address("ann"), self.key, confirmed=True),
            "confirm": lambda: confirm(env, ben, circumstances=HERE),
            "click again": lambda: confirm(env, ben, circumstances=HERE),
            "stop": self._stop,
            "restock": lambda: world.see(self.key, 50, product=self.key),
            "announce": world.announce,
            "deliver": self.sender.send_due,
        }
        return {name: partial(_patiently, work) for name, work in works.items()}

    def _stop(self) -> Done:
        assert self.cleo is not None
        done = end(self.world.env, self.cleo, circumstances=HERE)
        self.answered = self._next()
        return done

    def problems(self, results: dict[str, Any]) -> list[str]:
        """What is wrong at the end; empty is good."""
        found = [f"{who}: {was!r}" for who, was in results.items() if _is_crash(was)]
        alerts = {name: self._alerts(name) for name in ("ann", "ben", "cleo", "dan")}
        told_now = {
            "ann": isinstance(results["ask"], Conflict),
            "ben": Done.AVAILABLE in (results["confirm"], results["click again"]),
            "dan": False,
        }
        for name, now in told_now.items():
            if len(alerts[name]) != (0 if now else 1):
                found.append(f"{name}, told at once: {now}, got {len(alerts[name])} alerts")
        if len(alerts["cleo"]) > 1:
            found.append(f"cleo got {len(alerts['cleo'])} alerts")
        if any(at > self.answered for at in alerts["cleo"]):
            found.append("a letter to cleo began to leave after her stop was answered")
        return found

    def _alerts(self, name: str) -> list[int]:
        return [
            at
            for at, address, kind in self.channel.began
            if address == self.address(name) and kind == "back_in_stock"
        ]


def _patiently(work: Callable[[], Any]) -> Any:
    """Who is told that the database is busy tries again, as the widget and the jobs do: on a slow
    machine those who hold a lock here may be stopped for longer than anybody waits."""
    for _ in range(20):
        try:
            return work()
        except StoreBusy:
            continue
    return work()


def _is_crash(was: Any) -> bool:
    return isinstance(was, Exception) and not isinstance(was, Conflict)


def _orders(count: int, *, is_sqlite: bool) -> list[Choose]:
    """At most half of them stop one for another at a chosen step, the rest are left to chance."""
    stopped = [
        Interrupted(first, then, after=after, before=before)
        for after in range(1, STEPS[is_sqlite])
        for first, then, before in PAIRS
    ]
    chosen = stopped[:: max(1, -(-2 * len(stopped) // count))]
    by_chance = [Seeded(number) for number in range(count - len(chosen))]
    return [*chosen, *by_chance]


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.mark.fault("FI-30")
@pytest.mark.parametrize("schedules", [SHORT, MANY])
def test_in_every_order_of_steps_each_is_told_now_or_by_one_message_and_nobody_after_a_stop(
    database: Database,
    clock: SettableClock,
    smtp: SmtpServer,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    schedules: int,
    seen: Callable[..., None],
) -> None:
    monkeypatch.setattr(last_look, "FRESH", 0.0)
    world = World(
        db=database,
        clock=clock,
        smtp=smtp,
        data_dir=tmp_path,
        shop={"release": {"strategy": "all"}},
    )
    found: list[str] = []
    distinct: set[tuple[str, ...]] = set()
    told_now = 0
    with Interleaver(database).watching() as steps:
        for number, choose in enumerate(_orders(schedules, is_sqlite=database.is_sqlite)):
            story = Story(world, steps, number)
            run = steps.run(story.works(), choose=choose)
            story.quiet()
            distinct.add(tuple(run.order))
            told_now += isinstance(run.results["ask"], Conflict)
            found += [f"{number} {one} in {run.order}" for one in story.problems(run.results)]
            story.sender.close()
    world.close()
    seen(schedules=schedules, different_orders=len(distinct), wrong=len(found))
    assert found == []
    assert len(distinct) > schedules / 2  # an order of stops may come out as another one does
    assert 0 < told_now < schedules  # both ways were met
