"""How long after a shop pushed a restock does the first message reach the mail server, and does
what else is to be told meanwhile wait behind the others?

The whole product in one process, with its jobs as often as they come, and a line in front of one
variant. It has been running for a while when the first restock is pushed. The first floor is what
cannot be left out: one row stored by the driver and one mail over a new connection. For what is
asked for during the release, the floor is the same asked for when nothing else goes on.
"""

from __future__ import annotations

import random
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from bench import seeds
from bench.announce import INSERT, fill
from bench.bare import Bare
from bench.busy_shop import BusyShop
from bench.child import Children
from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile
from bench.places import Place
from bench.sizes import Size
from bench.stage import Benchmark, Stage

FLOOR = "one bare row, one mail"
ALONE = "the same when nothing else goes on"
PATIENCE = 60.0
BETWEEN = 1.2  # seconds at most: who asks comes at any moment between two ticks


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"restock to first message on {place.name}, {size.people:,} waiting")
        crowd = seeds.waiting(stage, place, size.people)
        one_waits = fill(stage, place, people=1)
        with _open(stage, place, crowd, size) as walk:
            lines += _first_messages(stage, walk, one_waits, size)
            lines += _asked_meanwhile(stage, walk, size)
    return lines


@dataclass(slots=True)
class Walk:
    """A shop that runs, and what has come from it so far."""

    place: Place
    shop: BusyShop
    first: list[float]
    came: dict[str, float]
    between: float = BETWEEN
    numbers: Iterator[int] = field(default_factory=count)


@contextmanager
def _open(stage: Stage, place: Place, seed: str, size: Size) -> Iterator[Walk]:
    # The sink is in this process, which does nothing else: so both instants are of one clock.
    here = Children(stage.folder, inline=True)
    with place.copied(seed) as url, here.served("sink") as sink:
        shop = BusyShop(url, folder=stage.folder)
        shop.add_askers(size.restocks * 2 + 1)
        with stage.children.served(
            "service",
            folder=str(stage.folder),
            url=url,
            smtp_port=sink["port"],
            with_engine=True,
        ) as service:
            shop.port = service["port"]
            walk = Walk(place=place, shop=shop, first=sink["first"], came=sink["came"])
            if size.restocks == 1:  # in the tests of the benchmarks
                walk.between = 0.0
            shop.settle()
            for kind in KINDS:
                _ask(walk, kind)  # the first of each kind: the service has been running for a while
            yield walk
            shop.end_release()
        shop.close()


def _first_messages(stage: Stage, walk: Walk, one_waits: str, size: Size) -> list[Line]:
    trials = alternate(
        {
            PRODUCT: lambda: _push(walk),
            FLOOR: lambda: _least(stage, walk.place, one_waits),
        },
        rounds=size.restocks,
        say=stage.say,
    )
    return [
        _with_latency(line, trials[PRODUCT])
        for line in compare(
            trials,
            benchmark="first-message",
            subject=f"push → first message, {size.people:,} waiting",
            database=walk.place.name,
            unit="restocks",
        )
    ]


def _asked_meanwhile(stage: Stage, walk: Walk, size: Size) -> list[Line]:
    """A confirmation, a notice that the law asks for, another product's alert."""
    alone: dict[str, list[Trial]] = {kind: [] for kind in KINDS}
    meanwhile: dict[str, list[Trial]] = {kind: [] for kind in KINDS}
    for number in range(size.restocks * 2):
        if number == size.restocks:
            _push(walk)
        for kind in KINDS:
            _pause(walk)
            trials = meanwhile if number >= size.restocks else alone
            trials[kind].append(_ask(walk, kind))
    walk.shop.end_release()
    lines: list[Line] = []
    for kind, words in KINDS.items():
        for trial in meanwhile[kind]:
            stage.say(f"  {words} during the release: {trial.seconds * 1e3:,.1f} ms")
        lines += [
            _with_latency(line, meanwhile[kind])
            for line in compare(
                {PRODUCT: meanwhile[kind], ALONE: alone[kind]},
                benchmark="first-message",
                subject=f"{words}, during a release to {size.people:,}",
                database=walk.place.name,
                unit="messages",
            )
        ]
    return lines


KINDS = {"confirm": "confirmation", "notice": "legal notice", "alert": "another product's alert"}


def _ask(walk: Walk, kind: str) -> Trial:
    """One asks for a message of a kind; how long it takes until it is at the sink."""
    number = next(walk.numbers)
    began = time.monotonic()
    address = getattr(walk.shop, f"ask_for_{kind}")(number)
    _wait(lambda: walk.came.get(address, 0.0) > began)
    return Trial(units=1, seconds=walk.came[address] - began)


def _with_latency(line: Line, trials: list[Trial]) -> Line:
    took = [trial.seconds * 1e3 for trial in trials]
    extra = {"p50_ms": percentile(took, 50), "p95_ms": percentile(took, 95), "worst_ms": max(took)}
    return replace(line, extra={**line.extra, **extra})


def _push(walk: Walk) -> Trial:
    walk.shop.end_release()
    _pause(walk)
    walk.first.clear()
    began = time.monotonic()
    walk.shop.push(1_000_000)
    _wait(lambda: bool(walk.first))
    return Trial(units=1, seconds=walk.first[0] - began)


def _pause(walk: Walk) -> None:
    time.sleep(random.random() * walk.between)


def _wait(has_come: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not has_come():
        if time.monotonic() > deadline:
            raise AssertionError(f"No message came within {PATIENCE:g} s.")
        time.sleep(0.001)


def _least(stage: Stage, place: Place, seed: str) -> Trial:
    here = Children(stage.folder, inline=True)
    now = datetime.now(UTC)
    with place.copied(seed) as url, here.served("sink") as sink:
        bare = Bare(url)
        values = {"now": bare.moment(now), "until": bare.moment(now + timedelta(hours=24))}
        began = time.monotonic()
        assert bare.run(INSERT, values) == 1
        with smtplib.SMTP("127.0.0.1", sink["port"]) as connection:
            connection.sendmail("hello@kettle.example", ["waits@people.example"], b"Hello\r\n")
        _wait(lambda: bool(sink["first"]))
        took = sink["first"][0] - began
        bare.close()
    return Trial(units=1, seconds=took)


BENCHMARK = Benchmark(
    name="first-message", question="From a pushed restock to the first message", run=run
)
