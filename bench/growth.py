"""What does a message cost, and how much memory is taken, as the release grows?

One sender empties outboxes of several sizes, each in a process of its own. The floor is the
smallest of them: a share of 1 in CPU says that the last of a million costs what the first did.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bench import seeds
from bench.contest import PRODUCT, Line, Trial, alternate, compare
from bench.places import Place
from bench.sinks import Sink, open_sink
from bench.sizes import Size
from bench.stage import Benchmark, Stage


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    least, *more = size.growth
    floor = f"{least:,} messages"
    with open_sink(stage) as sink:
        for place in stage.places:
            for count in more:
                stage.say(f"growth on {place.name}: {least:,} and {count:,} messages")
                trials = alternate(
                    {
                        PRODUCT: partial(_send, stage, place, sink, count),
                        floor: partial(_send, stage, place, sink, least),
                    },
                    # twice, turned round, so that neither is always the first; the largest once
                    rounds=1 if count >= 500_000 else 2,
                    say=stage.say,
                )
                lines += [
                    replace(line, cpu_share=_cpu(line))
                    for line in compare(
                        trials,
                        benchmark="growth",
                        subject=f"{count:,} messages, outbox → {sink.name}",
                        database=place.name,
                        unit="messages",
                    )
                ]
    return lines


def _cpu(line: Line) -> float | None:
    """Here both are ours, also on PostgreSQL."""
    ours, least = line.extra.get("cpu_us"), line.floor_extra.get("cpu_us")
    return least / ours if ours and least else None


def _send(stage: Stage, place: Place, sink: Sink, count: int) -> Trial:
    with place.copied(seeds.due(stage, place, count)) as url:
        return stage.children.measure(
            "sender", folder=str(stage.folder), url=url, port=sink.port, count=count
        )


BENCHMARK = Benchmark(
    name="growth", question="CPU and memory of a sender as the release grows", run=run
)
