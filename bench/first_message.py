"""How long after a shop pushed a restock does the first message reach the mail server?

The whole product in one process, with its jobs as often as they come, and many waiting. The floor
is what cannot be left out: one row stored by the driver and one mail over a new connection.
"""

from __future__ import annotations

import json
import random
import smtplib
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.announce import INSERT, fill
from bench.bare import Bare
from bench.child import Children
from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile
from bench.places import Place
from bench.shop import SECRET, VARIANT
from bench.sizes import Size
from bench.stage import Benchmark, Stage

FLOOR = "one bare row, one mail"
PATIENCE = 60.0


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    for place in stage.places:
        stage.say(f"restock to first message on {place.name}, {size.waiting:,} waiting")
        sold_out = fill(stage, place, people=size.waiting, restocked=False)
        one_waits = fill(stage, place, people=1)
        trials = alternate(
            {
                PRODUCT: lambda: _push(stage, place, sold_out),  # noqa: B023 - used at once
                FLOOR: lambda: _least(stage, place, one_waits),  # noqa: B023
            },
            rounds=size.restocks,
            say=stage.say,
        )
        took = [trial.seconds * 1e3 for trial in trials[PRODUCT]]
        [line] = compare(
            trials,
            benchmark="first-message",
            subject=f"push → first message, {size.waiting:,} waiting",
            database=place.name,
            unit="restocks",
        )
        lines.append(_with_latency(line, took))
    return lines


def _with_latency(line: Line, took: list[float]) -> Line:
    extra = {"p50_ms": percentile(took, 50), "p95_ms": percentile(took, 95)}
    return replace(line, extra={**line.extra, **extra})


def _push(stage: Stage, place: Place, seed: str) -> Trial:
    # The sink is in this process, which does nothing else: so both instants are of one clock.
    here = Children(stage.folder, inline=True)
    with (
        place.copied(seed) as url,
        here.served("sink") as sink,
        stage.children.served(
            "service",
            folder=str(stage.folder),
            url=url,
            smtp_port=sink["port"],
            with_engine=True,
        ) as service,
    ):
        time.sleep(random.random())  # a push may come at any moment between two ticks
        began = time.monotonic()
        _push_stock(service["port"])
        return Trial(units=1, seconds=_first_of(sink["first"]) - began)


def _push_stock(port: int) -> None:
    rows = {"observations": [{"variant": VARIANT, "quantity": 1_000_000}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/stock",
        data=json.dumps(rows).encode(),
        headers={"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert json.load(answer)["announced"] == 1


def _first_of(instants: list[float]) -> float:
    """The first instant, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE
    while not instants:
        if time.monotonic() > deadline:
            raise AssertionError(f"No message came within {PATIENCE:g} s of the push.")
        time.sleep(0.001)
    return instants[0]


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
        took = _first_of(sink["first"]) - began
        bare.close()
    return Trial(units=1, seconds=took)


BENCHMARK = Benchmark(
    name="first-message", question="From a pushed restock to the first message", run=run
)
