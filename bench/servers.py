"""Which web server serves the public app best, of those that are installed besides waitress?

The front door's visits again (bench/front_door.py has waitress), with the product and the bare
Flask app under the same server: one process, as many threads as the setting `web_threads`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec

from bench.child import CHECKOUT, end
from bench.contest import Line
from bench.front_door import DOORS, Entrance, fill_for_floor
from bench.sinks import free_port, wait_for
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.config import Service

THREADS = str(Service.model_fields["web_threads"].default)
SERVERS = {
    "granian": (
        *("--interface", "wsgi", "--workers", "1", "--blocking-threads", THREADS),
        *("--no-ws", "--log-level", "error", "--host", "127.0.0.1", "--port"),
    ),
    "gunicorn": (
        *("--worker-class", "gthread", "--workers", "1", "--threads", THREADS),
        *("--keep-alive", "30", "--log-level", "error", "--bind"),
    ),
}


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    if size.rounds == 1:
        return lines  # in the tests of the benchmarks: each server takes seconds to start
    for place in stage.places:
        for name in SERVERS:
            if find_spec(name) is None:
                stage.say(f"servers: no {name} here (extra `speed`), so without it")
                continue
            stage.say(f"front door under {name} on {place.name}")
            seed = fill_for_floor(stage, place, people=size.requests * size.rounds)
            with (
                place.copied(seed) as ours,
                place.copied(seed) as bare,
                _served(stage, name, url=ours) as product,
                _served(stage, name, url=bare, bare=True) as floor,
            ):
                entrance = Entrance(stage=stage, ours=product, bare=floor, size=size)
                for door in DOORS:
                    lines += [
                        _under(name, line) for line in entrance.measure(door, database=place.name)
                    ]
    return lines


def _under(server: str, line: Line) -> Line:
    return replace(line, benchmark="servers", subject=f"{line.subject}, {server}")


@contextmanager
def _served(stage: Stage, name: str, *, url: str, bare: bool = False) -> Iterator[int]:
    """Its port."""
    port = free_port()
    where = str(port) if name == "granian" else f"127.0.0.1:{port}"
    asked = json.dumps({"bare": bare, "url": url, "folder": str(stage.folder)})
    with (stage.folder / f"{name}-{port}.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", name, *SERVERS[name], where, "bench.wsgi:app"],
            cwd=CHECKOUT,
            env={**os.environ, "NOTIFIER_BENCH": asked},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(port, alive=lambda: server.poll() is None)
        yield port
    finally:
        end(server)


BENCHMARK = Benchmark(name="servers", question="The front door under other servers", run=run)
