"""What do kills cost: messages lost, copies too many, and time?

Real workers (`notifier worker`) on one database, a mail server in this process that takes 4 ms for
an answer. Each time some more letters have arrived, somebody is killed and another takes his place;
the floor is the same with nobody killed. And the same with SIGTERM, which asks. The long runs, with
other faults, are tests/reliability and docs/reliability.md.
"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from functools import partial
from itertools import count as counting

from bench.child import ChildFailed
from bench.children.quick_sink import QuickSink
from bench.contest import PRODUCT, Line, Trial, alternate, compare
from bench.places import Place
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from tests.reliability.checker import unfinished
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed, write_config

FLOOR = "nobody killed"
KILLED, ASKED = "workers killed by SIGKILL", "workers ended by SIGTERM"
CONNECTIONS = 2
WORKERS = 2
DELAY = 0.004
PATIENCE = 120.0
_NUMBERS = counting(1)


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"{size.kills} kills among {size.mails:,} letters on {place.name}")
        words = {KILLED: "kill", ASKED: "stop", FLOOR: ""}
        trials = alternate(
            {name: partial(_send, stage, place, size, word=word) for name, word in words.items()},
            rounds=1,
            say=stage.say,
        )
        for subject in (KILLED, ASKED):
            lines += compare(
                {PRODUCT: trials[subject], FLOOR: trials[FLOOR]},
                benchmark="kills",
                subject=f"{size.kills} {subject}, {size.mails:,} letters",
                database=place.name,
                unit="messages",
            )
    return lines


def _send(stage: Stage, place: Place, size: Size, *, word: str) -> Trial:
    folder = stage.folder / f"kills-{next(_NUMBERS)}"
    folder.mkdir()
    sink = QuickSink(delay=DELAY, notes=True)
    assert sink.taken is not None
    url = place.fresh()
    config = write_config(
        folder, database_url=url, smtp_port=sink.port, connections=CONNECTIONS, unknown_after="0.5s"
    )
    seed(config, mails=size.mails).db.close()
    sink.start()
    fleet = Fleet(config)
    began = time.perf_counter()
    try:
        _work(fleet, url, sink.taken, size, word=word)
        seconds = time.perf_counter() - began
    finally:
        fleet.close()
        sink.stop()
    shutil.rmtree(folder, ignore_errors=True)
    return Trial(units=size.mails, seconds=seconds, extra=_figures(sink.taken, size, word=word))


def _work(fleet: Fleet, url: str, taken: Counter[bytes], size: Size, *, word: str) -> None:
    chance = random.Random(size.mails)
    fleet.start("scheduler")
    for _ in range(WORKERS):
        fleet.start("worker")
    step = 0.9 * size.mails / (size.kills + 1)
    for number in range(1, size.kills + 1) if word else ():
        _wait(lambda number=number: len(taken) >= number * step)
        time.sleep(chance.uniform(0, 0.02))
        victim = chance.choice([one for one in fleet.alive if one.command == "worker"])
        if word == "kill":
            fleet.kill(victim)
        else:
            fleet.stop(victim)
        fleet.start("worker")
    _wait(lambda: unfinished(url) == 0)


def _wait(done: object) -> None:
    deadline = time.monotonic() + PATIENCE
    assert callable(done)
    while not done():
        if time.monotonic() > deadline:
            raise ChildFailed(f"Not all letters left within {PATIENCE:g} s.")
        time.sleep(0.01)


def _figures(taken: Counter[bytes], size: Size, *, word: str) -> dict[str, float]:
    copies = sum(taken.values())
    found = {
        "lost_mails": float(size.mails - len(taken)),
        "doubles_mails": float(copies - len(taken)),
        "most_copies": float(max(taken.values(), default=0)),
    }
    if word == "kill":
        found["allowed_doubles"] = float(size.kills * (CONNECTIONS + 1))
    return found


BENCHMARK = Benchmark(name="kills", question="What kills cost", run=run)
