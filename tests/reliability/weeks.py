"""How does the program fare over weeks, in little memory? Run as a process of its own:

    python -m tests.reliability.weeks --url sqlite:///… --folder … --port 2525 --days 30 …

Every hour of a clock that is set forward, people sign up and confirm, things sell out and come
back, mail leaves, and the jobs run. After each day one line of JSON: the day, memory in megabytes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from notifier.services.seal import seal_ledger
from notifier.services.sweep import sweep
from notifier.services.take_over import take_over
from notifier.services.tidy import tidy
from notifier.store.session import Database
from tests.reliability.visitor import memory_of
from tests.timing import SettableClock
from tests.world import World

THINGS = tuple(f"MUG-{number}" for number in range(12))


def live(world: World, clock: SettableClock, *, days: int, a_day: int) -> None:
    """Day after day; see the top of this file."""
    chance = random.Random(days)
    for thing in THINGS:
        world.see(thing, 0, product=thing)
    for day in range(1, days + 1):
        for hour in range(24):
            _hour(world, chance, number=(day * 24 + hour) * 100, people=a_day // 24)
            clock.advance(timedelta(minutes=50))
        tidy(world.env)
        print(json.dumps({"day": day, "mb": round(memory_of(os.getpid()), 1)}), flush=True)


def _hour(world: World, chance: random.Random, *, number: int, people: int) -> None:
    gone = [thing for thing in THINGS if chance.random() < 0.5]
    for thing in gone:
        world.see(thing, 0, product=thing, step=timedelta(seconds=10))
    for person in range(people if gone else 0):
        world.waits(f"p{number + person}@waits.example", chance.choice(gone))
    for thing in gone:
        if chance.random() < 0.6:
            world.see(thing, chance.randrange(1, 30), product=thing, step=timedelta(seconds=10))
    world.run()
    take_over(world.env)
    sweep(world.env)
    seal_ledger(world.env)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--a-day", type=int, required=True)
    parser.add_argument("--megabytes", type=int, required=True)
    wanted = parser.parse_args()
    most = wanted.megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    clock = SettableClock()
    world = World(
        db=Database(wanted.url),
        clock=clock,
        smtp=SimpleNamespace(host="127.0.0.1", port=wanted.port),  # type: ignore[arg-type]
        data_dir=wanted.folder,
        shop={"release": {"strategy": "all"}},
    )
    live(world, clock, days=wanted.days, a_day=wanted.a_day)
    world.close()


if __name__ == "__main__":
    main()
