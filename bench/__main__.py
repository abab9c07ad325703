"""`python -m bench`: measure, and print what share of its floor each part reaches."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from bench import (
    admin_pages,
    announce,
    busy_door,
    delivery,
    first_message,
    front_door,
    growth,
    kills,
    machines,
    oscar,
    polling,
    postgres_guard,
    relay,
    rendering,
    servers,
    sign_up,
    waves,
)
from bench.child import CHECKOUT, Children
from bench.goals import goal_rows
from bench.machine import facts
from bench.page import as_page
from bench.pictures import draw_all
from bench.places import Place, PostgresPlace, SqlitePlace
from bench.record import Record, as_json, load, merged
from bench.sequence import run_all
from bench.sinks import find_postfix
from bench.sizes import SIZES
from bench.stage import Stage
from bench.table import as_text, goals_as_text
from notifier.log import set_up_logging
from tests import databases
from tests.postgres import NoPostgres

KEPT = CHECKOUT / "docs" / "performance.json"
LAST = CHECKOUT / "var" / "bench"

BENCHMARKS = (
    sign_up.BENCHMARK,
    announce.BENCHMARK,
    delivery.BENCHMARK,
    oscar.BENCHMARK,
    relay.QUICK,
    growth.BENCHMARK,
    relay.SLOW,
    relay.NEAR,
    polling.BENCHMARK,
    front_door.BENCHMARK,
    servers.BENCHMARK,
    busy_door.BENCHMARK,
    rendering.BENCHMARK,
    kills.BENCHMARK,
    first_message.BENCHMARK,
    machines.BENCHMARK,
    admin_pages.BENCHMARK,
    waves.BENCHMARK,
)
NAMES = [one.name for one in BENCHMARKS]
QUESTIONS = {one.name: one.question for one in BENCHMARKS}


def main() -> int:
    wanted = _arguments()
    if wanted.again:
        return _write_again(wanted.write)
    set_up_logging(level="ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    chosen = [one for one in BENCHMARKS if not wanted.only or one.name in wanted.only]
    known = load(KEPT)
    failed: list[str] = []
    cut = False
    size = SIZES[wanted.size]
    if wanted.rounds:
        size = replace(size, rounds=wanted.rounds)
    with open_stage(only=wanted.on) as stage:
        record = Record(machine=facts(stage.places, size=wanted.size), absent=stage.absent)
        _note_what_is_missing(stage)
        try:
            failed = run_all(
                chosen,
                stage,
                record,
                name=wanted.size,
                size=size,
                known=known.parts if known else {},
            )
        except KeyboardInterrupt:
            cut = True
            say("Stopped; this is what was measured until then.")
        drawings = dict(stage.pictures)
    _print(record)
    _write(wanted, record, drawings)
    for name in failed:
        say(f"{name} gave no result; the reason is above.")
    return 130 if cut else 1 if failed else 0


def _print(record: Record) -> None:
    lines = record.lines(NAMES)
    rows = goal_rows(lines, absent=record.absent)
    sys.stdout.write(as_text(record.machine, lines, QUESTIONS) + "\n" + goals_as_text(rows))


def _write(wanted: argparse.Namespace, record: Record, drawings: Mapping[str, str]) -> None:
    """The files that were asked for; without a word, figures and pictures in a folder of ours."""
    if not (wanted.json or wanted.pictures or wanted.write):
        wanted.json, wanted.pictures = LAST / "result.json", LAST
        LAST.mkdir(parents=True, exist_ok=True)
        say(f"Figures as JSON, and pictures: {LAST.relative_to(CHECKOUT)}/")
    if wanted.json:
        _write_json(wanted.json, record)
    if wanted.pictures:
        wanted.pictures.mkdir(parents=True, exist_ok=True)
        draw_all(record, drawings, wanted.pictures)
    if wanted.write:
        _write_page(wanted.write, merged(load(_kept(wanted.write)), record, NAMES), drawings)


def _write_page(page: Path, record: Record, drawings: Mapping[str, str]) -> None:
    """With its pictures and figures beside it."""
    _write_json(_kept(page), record)
    folder = page.parent / "pictures"
    folder.mkdir(exist_ok=True)
    draw_all(record, drawings, folder, prefix="performance-")
    page.write_text(as_page(record, QUESTIONS), encoding="utf-8")


def _write_again(page: Path | None) -> int:
    """From what is kept, when only words or drawings have changed."""
    record = load(_kept(page)) if page else None
    if page is None or record is None:
        say("--again needs --write PAGE, and a record of figures beside that page.")
        return 2
    _write_page(page, record, {})
    return 0


def _kept(page: Path) -> Path:
    return page.with_suffix(".json")


def _write_json(path: Path, record: Record) -> None:
    rows = goal_rows(record.lines(NAMES), absent=record.absent)
    path.write_text(as_json(record, goals=[asdict(row) for row in rows]), encoding="utf-8")


def _note_what_is_missing(stage: Stage) -> None:
    if find_postfix("smtp-source") is None:
        stage.absent["smtp-source"] = "no smtp-source here (Debian: package postfix)"
        say(f"Without the C mail client: {stage.absent['smtp-source']}")


@contextmanager
def open_stage(*, only: str | None = None) -> Iterator[Stage]:
    """A folder that is gone afterwards, SQLite, and PostgreSQL where there is one; `only`: one."""
    folder = databases.open_run()
    places: list[Place] = [] if only == "postgres" else [SqlitePlace(folder)]
    postgres = None
    try:
        try:
            if only == "sqlite":
                raise NoPostgres("it was not asked for.")
            server = postgres_guard.server_url(folder, owner=os.getpid())
            postgres = PostgresPlace(server)
            places.append(postgres)
        except NoPostgres as error:
            say(f"Without PostgreSQL: {error}")
        if not places:
            sys.exit(2)
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
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often, in place of the size's")
    parser.add_argument("--on", choices=("sqlite", "postgres"), help="only on that database")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw them into it as SVG")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="PAGE",
        help="write docs/performance.md anew, with its pictures and the figures as JSON beside it",
    )
    parser.add_argument(
        "--again", action="store_true", help="measure nothing: write the page from what is kept"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
