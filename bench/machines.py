"""How much faster do two workers empty one outbox than one, where the mail server is slow?

The whole worker as it runs on a machine of its own (`notifier worker` with the engine for many
machines), on one PostgreSQL. Each reply of the mail server takes 20 ms and each worker has two
connections, so that waiting is what limits it: on one machine with few cores, two workers that
were limited by the processor could not be twice as fast, whatever the program did.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from bench.announce import fill
from bench.contest import PRODUCT, Line, Trial, alternate, compare
from bench.places import Place, settle
from bench.shop import announce_all, configuration, count_rows, open_shop
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.app import open_service
from notifier.domain.work import Work
from notifier.services.env import Env
from notifier.store import switches
from notifier.store.session import soon

FLOOR = "one worker"
REPLY_MS = 20
CONNECTIONS = 2
PATIENCE = 600.0


def run(stage: Stage, size: Size) -> list[Line]:
    shared = [place for place in stage.places if place.name == "postgres"]
    lines: list[Line] = []
    for place in shared or stage.places[:1]:
        stage.say(f"two workers on one {place.name}, {REPLY_MS} ms a reply")
        seed = _fill(stage, place, size.shared)
        trials = alternate(
            {
                PRODUCT: lambda: _send(stage, place, seed, size.shared, workers=2),  # noqa: B023
                FLOOR: lambda: _send(stage, place, seed, size.shared, workers=1),  # noqa: B023
            },
            rounds=size.rounds,
            say=stage.say,
        )
        lines += compare(
            trials,
            benchmark="machines",
            subject=f"2 workers, {REPLY_MS} ms a reply",
            database=place.name,
            unit="messages",
        )
    return lines


def _fill(stage: Stage, place: Place, count: int) -> str:
    """So many due messages, and nobody may send yet."""
    url = fill(stage, place, people=count)
    env, _ = open_shop(configuration(folder=stage.folder, url=url))
    announce_all(env)
    _turn(env, off=True)
    env.db.close()
    settle(url)
    return url


def _send(stage: Stage, place: Place, seed: str, count: int, *, workers: int) -> Trial:
    """All of it sent, from the word to send on; workers and mail server are there before."""
    with ExitStack() as stack:
        url = stack.enter_context(place.copied(seed))
        sink = stack.enter_context(stage.children.served("quick_sink", delay_ms=REPLY_MS))
        for number in range(workers):
            folder = stage.folder / f"machine-{number}"
            stack.enter_context(
                stage.children.served(
                    "worker",
                    folder=str(folder),
                    url=url,
                    smtp_port=sink["port"],
                    connections=CONNECTIONS,
                )
            )
        engine = "distributed" if place.name == "postgres" else "embedded"
        config = configuration(folder=stage.folder, url=url)
        service = config.service.model_copy(update={"engine": engine})
        env, _ = open_service(config.model_copy(update={"service": service}))
        stack.callback(env.db.close)
        began = time.perf_counter()
        _turn(env, off=False)
        _wait_until_sent(env, count)
        return Trial(units=count, seconds=time.perf_counter() - began)


def _turn(env: Env, *, off: bool) -> None:
    with env.db.write() as tx:
        switches.turn(tx, switches.SENDING, off=off, why="bench", by="bench", at=env.now())
        soon(tx, Work.DELIVER)


def _wait_until_sent(env: Env, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while count_rows(env, "messages", where="state = 'accepted'") < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"Not all of {count} were sent within {PATIENCE:g} s.")
        time.sleep(0.01)


BENCHMARK = Benchmark(name="machines", question="Two workers on one database beside one", run=run)
