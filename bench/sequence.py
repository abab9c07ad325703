"""In which order does a run go, how far is it, and how long may the rest take?"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bench.contest import Line
from bench.record import Part, Record
from bench.sizes import Size
from bench.stage import Benchmark, Stage

PAUSE = 0.5  # seconds between two benchmarks: what one left behind may settle


def run_all(
    chosen: Sequence[Benchmark],
    stage: Stage,
    record: Record,
    *,
    name: str,
    size: Size,
    known: Mapping[str, Part],
) -> list[str]:
    """Into the record, one after the other; the names of those that failed.

    `name`: the size's. `known`: how long each took before.
    """
    failed: list[str] = []
    for number, benchmark in enumerate(chosen, start=1):
        left = _expected(chosen[number - 1 :], known, name)
        stage.say(f"{number} of {len(chosen)}: {benchmark.question} ({benchmark.name}){left}")
        busy, began = _load(), time.monotonic()
        lines = attempt(benchmark, stage, size)
        if lines:
            record.parts[benchmark.name] = Part(
                size=name,
                at=datetime.now(UTC).date().isoformat(),
                busy=busy,
                seconds=time.monotonic() - began,
                lines=tuple(lines),
            )
        elif lines is None:
            failed.append(benchmark.name)
            record.absent[benchmark.name] = "it failed in this run"
        time.sleep(PAUSE)
    return failed


def attempt(benchmark: Benchmark, stage: Stage, size: Size) -> list[Line] | None:
    """Its lines; none when what it needs is not here; None, and the reason told, when it failed."""
    try:
        return benchmark.run(stage, size)
    except Exception:  # noqa: BLE001  one that fails must not cost what the others found
        stage.say(traceback.format_exc())
        return None


def _expected(rest: Sequence[Benchmark], known: Mapping[str, Part], size: str) -> str:
    """How long it and the rest took the last time in this size."""
    took = {name: part.seconds for name, part in known.items() if part.size == size}
    this = took.get(rest[0].name)
    if this is None:
        return ""
    all_known = all(one.name in took for one in rest)
    more = f", all that is left about {_words(sum(took.get(one.name, 0) for one in rest))}"
    return f", about {_words(this)}{more if all_known else ''}"


def _words(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _load() -> float:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
