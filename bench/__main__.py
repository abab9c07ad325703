"""`python -m bench`: measure, and print what share of its floor each part reaches."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bench import (
    admin_pages,
    announce,
    delivery,
    first_message,
    front_door,
    growth,
    machines,
    oscar,
    polling,
    postgres_guard,
    relay,
    rendering,
    sign_up,
    waves,
)
from bench.child import Children
from bench.contest import Line
from bench.machine import facts
from bench.picture import as_svg
from bench.places import Place, PostgresPlace, SqlitePlace
from bench.sizes import SIZES, Size
from bench.stage import Benchmark, Stage
from bench.table import as_text
from notifier.log import set_up_logging
from tests import databases
from tests.postgres import NoPostgres

BENCHMARKS = (
    sign_up.BENCHMARK,
    announce.BENCHMARK,
    delivery.BENCHMARK,
    oscar.BENCHMARK,
    relay.QUICK,
    growth.BENCHMARK,
    relay.SLOW,
    polling.BENCHMARK,
    front_door.BENCHMARK,
    rendering.BENCHMARK,
    first_message.BENCHMARK,
    machines.BENCHMARK,
    admin_pages.BENCHMARK,
    waves.BENCHMARK,
)


def main() -> int:
    wanted = _arguments()
    set_up_logging(level="ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    chosen = [one for one in BENCHMARKS if not wanted.only or one.name in wanted.only]
    lines: list[Line] = []
    failed: list[str] = []
    with open_stage() as stage:
        about = facts(stage.places, size=wanted.size)
        for one in chosen:
            found = attempt(one, stage, SIZES[wanted.size])
            lines += found or []
            failed += [] if found else [one.name]
            _keep(wanted, about, lines)
    sys.stdout.write(as_text(about, lines, {one.name: one.question for one in BENCHMARKS}))
    for name in failed:
        say(f"{name} gave no result; the reason is above.")
    return 1 if failed else 0


def attempt(benchmark: Benchmark, stage: Stage, size: Size) -> list[Line] | None:
    """Its lines; None, with the reason told, when it came to nothing."""
    try:
        return benchmark.run(stage, size)
    except Exception:  # noqa: BLE001  one that fails must not cost what the others found
        stage.say(traceback.format_exc())
        return None


def _keep(wanted: argparse.Namespace, about: dict[str, str], lines: Sequence[Line]) -> None:
    """Write the files that were asked for, after each benchmark: a run may be cut short."""
    if wanted.json:
        result = {"machine": about, "lines": [asdict(line) for line in lines]}
        wanted.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if wanted.picture and lines:
        wanted.picture.write_text(as_svg(lines), encoding="utf-8")


@contextmanager
def open_stage() -> Iterator[Stage]:
    """A folder that is gone afterwards, SQLite, and PostgreSQL where there is one."""
    folder = databases.open_run()
    places: list[Place] = [SqlitePlace(folder)]
    postgres = None
    try:
        try:
            server = postgres_guard.server_url(folder, owner=os.getpid())
            postgres = PostgresPlace(server)
            places.append(postgres)
        except NoPostgres as error:
            say(f"Without PostgreSQL: {error}")
        yield Stage(folder=folder, places=places, children=Children(folder), say=say)
    finally:
        if postgres is not None:
            postgres.close()
        databases.close_run(folder)


def say(text: str) -> None:
    """Progress, beside the result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [one.name for one in BENCHMARKS]
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    parser.add_argument("--size", choices=list(SIZES), default="normal")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write the ratios as SVG")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
