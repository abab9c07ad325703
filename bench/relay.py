"""How near does a sender come to postfix's C client at mail servers of other kinds than smtp-sink?

At one that takes more, so that it limits the sender less; at one that takes 20 ms for each answer,
as a relay across a network does, over 64 connections; and at some that are nearer, over 16. What
came in one piece is answered in one piece, and the C client does not pipeline, as it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from bench import seeds
from bench.contest import PRODUCT, Contestant, Line, Trial, alternate, compare
from bench.places import Place
from bench.sinks import Sink, find_postfix, open_quick_sink, send_by_c
from bench.sizes import Size
from bench.stage import Benchmark, Stage

LENGTH = 8_192  # bytes, about what a letter of the product has
DELAY_MS = 20
MANY = 64
DISTANCES_MS = (0.2, 0.5, 1, 2, 5)
FEW = 16
ALONE = "one connection"

Send = Callable[[Sink], Trial]


def run_quick(stage: Stage, size: Size) -> list[Line]:
    """A sink that takes more than smtp-sink."""
    return _run(
        stage,
        name="quick-sink",
        opened=lambda: open_quick_sink(stage),
        subject="outbox → a quicker sink",
        size=size,
        floor_count=size.delivered,
        connections=16,
    )


def run_slow(stage: Stage, size: Size) -> list[Line]:
    """A sink that takes its time over each answer."""
    return _run(
        stage,
        name="slow-relay",
        opened=lambda: open_quick_sink(stage, delay_ms=DELAY_MS),
        subject=f"outbox → {DELAY_MS} ms an answer, {MANY} connections",
        size=size,
        floor_count=size.messages,  # which has a fourth of the speed
        connections=MANY,
    )


def run_distances(stage: Stage, size: Size) -> list[Line]:
    """Sinks that are nearer, on the first database: it is not what makes the difference."""
    near = replace(stage, places=stage.places[:1])
    return [
        line
        for delay_ms in DISTANCES_MS
        for line in _run(
            near,
            name="distances",
            opened=partial(open_quick_sink, stage, delay_ms=delay_ms),
            subject=f"outbox → {delay_ms:g} ms an answer",
            size=size,
            floor_count=size.messages,
            connections=FEW,
        )
    ]


def _run(
    stage: Stage,
    *,
    name: str,
    opened: Callable[[], AbstractContextManager[Sink]],
    subject: str,
    size: Size,
    floor_count: int,
    connections: int,
) -> list[Line]:
    lines: list[Line] = []
    count = size.delivered
    for place in stage.places:
        stage.say(f"{subject} on {place.name}")
        seed = seeds.due(stage, place, count)
        with opened() as sink:
            product = partial(_send, stage, place, sink, seed, count, connections)
            contestants: dict[str, Contestant] = {PRODUCT: product}
            if find_postfix("smtp-source"):
                contestants[f"smtp-source -s {connections}"] = partial(
                    send_by_c, sink, length=LENGTH, count=floor_count, connections=connections
                )
            else:  # something to stand beside
                contestants[ALONE] = partial(_send, stage, place, sink, seed, count, 1)
            trials = alternate(contestants, rounds=size.rounds, say=stage.say)
        lines += compare(
            trials, benchmark=name, subject=subject, database=place.name, unit="messages"
        )
    return lines


def _send(stage: Stage, place: Place, sink: Sink, seed: str, count: int, connections: int) -> Trial:
    mail: dict[str, Any] = {"connections": connections}
    with place.copied(seed) as url:
        return stage.children.measure(
            "sender", folder=str(stage.folder), url=url, port=sink.port, count=count, mail=mail
        )


QUICK = Benchmark(name="quick-sink", question="To a mail server that takes more", run=run_quick)
SLOW = Benchmark(
    name="slow-relay", question=f"To one that takes {DELAY_MS} ms an answer", run=run_slow
)
NEAR = Benchmark(
    name="distances", question="To mail servers at a distance, 16 connections", run=run_distances
)
