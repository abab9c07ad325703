"""Does every benchmark still run, and does it say what it measured?

Tiny sizes, one round, in this process: how fast anything is does not matter here.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import announce, sign_up, sinks
from bench.__main__ import BENCHMARKS, NAMES, QUESTIONS
from bench.bare import Bare
from bench.child import ChildFailed, Children
from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile
from bench.feeds import write_feed
from bench.goals import goal_rows
from bench.page import as_page
from bench.pictures import draw_all
from bench.places import Place, PostgresPlace, SqlitePlace
from bench.record import Part, Record, as_json, load, merged
from bench.sequence import attempt
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from bench.table import as_text, goals_as_text
from bench.wanted import GOALS
from tests.databases import PostgresTemplate, SqliteTemplate

TINY = Size(
    rounds=1,
    sign_ups=2,
    waiting=3,
    messages=3,
    items=20,
    requests=12,
    renders=2,
    people=3,
    restocks=1,
)
QUICK = {"sign-up", "announce", "delivery", "oscar", "poll", "front-door", "rendering"}
LOOKED_AT_ELSEWHERE = {  # by a program that is not there in tests, or not yet
    *("send", "send-peer", "send-quick", "slow", "memory", "cpu"),
}
FLOORS = {
    "sign-up": {"one bare upsert"},
    "announce": {"bare INSERT … SELECT", "bare INSERT … SELECT, the slimmest outbox"},
    "delivery": {"smtplib, one connection"},  # and smtp-source, where it is installed
    "oscar": set(),  # it is not installed for this
    "quick-sink": {"one connection"},
    "slow-relay": {"one connection"},
    "distances": {"one connection"},
    "growth": {"1 messages"},
    "poll": {"bare lxml iterparse", "bare csv.reader", "bare json.loads, line by line"},
    "servers": set(),  # they take seconds to start
    "front-door": {"bare Flask, one upsert", "bare Flask, same bytes"},
    "busy-door": {"bare Flask, one upsert"},
    "rendering": {"bare Jinja", "textbook: Jinja ×3, css-inline, EmailMessage"},
    "first-message": {"one bare row, one mail"},
    "kills": {"nobody killed"},
    "machines": {"one worker"},
    "waves": {"quickest fixed rate"},
    "admin": {"the account's page"},
}


def stage_on(place: Place, folder: Path) -> Stage:
    return Stage(
        folder=folder,
        places=[place],
        children=Children(folder, inline=True),
        say=lambda _: None,
    )


@pytest.fixture
def stage(sqlite_template: SqliteTemplate, tmp_path: Path) -> Stage:
    """Everything in this process, on SQLite."""
    return stage_on(SqlitePlace(tmp_path, migrated=sqlite_template.file), tmp_path)


@pytest.fixture
def without_postfix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same floors on every machine."""
    monkeypatch.setattr(sinks, "_FOLDERS", "")


def in_a_moment(benchmark: Benchmark) -> Any:
    """The others take seconds even so; `make soak` tries them."""
    marks = () if benchmark.name in QUICK else (pytest.mark.soak,)
    return pytest.param(benchmark, id=benchmark.name, marks=marks)


@pytest.mark.every_third
@pytest.mark.usefixtures("without_postfix")
@pytest.mark.parametrize("benchmark", [in_a_moment(one) for one in BENCHMARKS])
def test_every_benchmark_compares_the_product_with_its_floors(
    benchmark: Benchmark, stage: Stage
) -> None:
    lines = benchmark.run(stage, TINY)

    assert {line.benchmark for line in lines} <= {benchmark.name}
    assert {line.floor for line in lines} >= FLOORS[benchmark.name]
    assert all(0 < line.lowest <= line.share <= line.highest for line in lines)
    assert unmeasured(benchmark.name, lines) <= LOOKED_AT_ELSEWHERE


def unmeasured(name: str, lines: list[Line]) -> set[str]:
    """The parts of the goals that should be among the lines and are not."""
    rows = {row.key: row for row in goal_rows(lines, absent={})}
    mine = [part for goal in GOALS for part in goal.parts if part.benchmark == name]
    return {part.key for part in mine if rows[part.key].nearness is None}


def test_the_floors_in_sql_are_right_on_postgresql_too(
    postgres_template: PostgresTemplate, tmp_path: Path
) -> None:
    server = postgres_template.server.render_as_string(hide_password=False)
    place = PostgresPlace(server, migrated=postgres_template.template)
    now = datetime.now(UTC)
    try:
        seed = announce.fill(stage_on(place, tmp_path), place, people=3)
        with place.copied(seed) as url:
            bare = Bare(url)

            announce.make_slim(bare)
            planned = bare.run(announce.INSERT, {"now": now, "until": now})
            slimly = bare.run(announce.INSERT_SLIM, {"now": now})
            upserted = bare.run(sign_up.UPSERT, sign_up.row_of_upsert(bare, 1))

            bare.close()
    finally:
        place.close()
    assert (planned, slimly, upserted) == (3, 3, 1)


def test_a_process_of_its_own_gives_the_same_kind_of_answer(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    write_feed(feed, 5)

    trial = Children(tmp_path).measure("parse", feed=str(feed), items=5, form="xml")

    assert trial.units == 5
    assert trial.extra["peak_mb"] > 1


def test_work_that_was_not_done_is_no_result(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    write_feed(feed, 5)

    with pytest.raises(ChildFailed, match="5 items, not 6"):
        Children(tmp_path).measure("parse", feed=str(feed), items=6, form="xml")


def test_a_benchmark_that_fails_says_why_and_stops_no_other(tmp_path: Path) -> None:
    def fail(_stage: Stage, _size: Size) -> list[Line]:
        raise ChildFailed("the sink is blocked")

    said: list[str] = []
    stage = Stage(folder=tmp_path, places=[], children=Children(tmp_path), say=said.append)

    lines = attempt(Benchmark(name="mail", question="Does it?", run=fail), stage, TINY)

    assert lines is None
    assert "the sink is blocked" in said[0]


def test_the_share_is_taken_within_each_round() -> None:
    # the machine slowed down tenfold after the first round, and both alike
    fast, slow = Trial(units=100, seconds=1), Trial(units=100, seconds=10)
    halves = {
        PRODUCT: [fast, slow, slow],
        "floor": [Trial(units=200, seconds=1), *[Trial(units=200, seconds=10)] * 2],
    }

    [line] = compare(halves, benchmark="b", subject="s", database="", unit="things")

    assert (line.share, line.lowest, line.highest) == (0.5, 0.5, 0.5)


def test_contestants_take_turns_in_both_directions() -> None:
    order: list[str] = []

    def note(name: str) -> Trial:
        order.append(name)
        return Trial(units=1, seconds=1)

    alternate({"a": lambda: note("a"), "b": lambda: note("b")}, rounds=2, say=lambda _: None)

    assert order == ["a", "b", "b", "a"]


def test_a_percentile_is_a_value_between_the_smallest_and_the_largest() -> None:
    assert percentile([7.0], 95) == 7.0
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
    assert percentile([float(n) for n in range(101)], 95) == 95.0


def a_line(**changes: object) -> Line:
    values = {
        "benchmark": "sign-up",
        "subject": "subscribe() <now>",
        "database": "sqlite",
        "floor": "one bare upsert",
        "unit": "sign-ups",
        "rate": 123.4,
        "floor_rate": 1234.0,
        "share": 0.1,
        "lowest": 0.05,
        "highest": 0.2,
        "extra": {"cpu_us": 4321.0, "peak_mb": 70.0},
    }
    return Line(**{**values, **changes})  # type: ignore[arg-type]


def test_the_table_says_share_range_and_what_else_was_seen() -> None:
    text = as_text({"cores": "2"}, [a_line()], {"sign-up": "Signing up"})

    assert "Signing up" in text
    assert "0.10  0.050–0.20" in text
    assert "cpu 4,321 µs, peak 70 MB" in text


def test_a_goal_says_how_near_it_is() -> None:
    slow = a_line(benchmark="delivery", floor="smtp-source -s 16", share=0.4, lowest=0.3)
    rows = goal_rows([slow], absent={"oscar": "no package index"})

    send, peer, *_ = rows
    text = goals_as_text(rows)
    assert (send.words, send.nearness) == ("0.40 of 1.30, and of 1 without uvloop", 0.4 / 1.3)
    assert peer.words == "not measured: no package index"
    assert "0.40 (0.30–0.20)" in text


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.4, "reached"), (1.1, "1.10 of 1.30; reached 1 without uvloop")],
)
def test_a_goal_that_is_reached_says_so(share: float, words: str) -> None:
    line = a_line(benchmark="delivery", floor="smtp-source -s 16", share=share, highest=2)

    assert goal_rows([line], absent={})[0].words == words


def test_the_worst_line_of_a_database_counts() -> None:
    pages = [
        a_line(benchmark="admin", subject="today", extra={"worst_ms": 90.0}),
        a_line(benchmark="admin", subject="demand", extra={"worst_ms": 300.0}),
        a_line(benchmark="admin", subject="demand", database="postgres", extra={"worst_ms": 80.0}),
    ]

    seen = [row for row in goal_rows(pages, absent={}) if row.key == "admin"]

    assert [(row.database, row.words) for row in seen] == [
        ("sqlite", "300 of 200 ms"),
        ("postgres", "reached"),
    ]


def a_record(*lines: Line, size: str = "small") -> Record:
    parts = {
        one.benchmark: Part(size=size, at="2026-03-02", busy=0.5, seconds=9.0, lines=(one,))
        for one in lines
    }
    return Record(machine={"cores": "2"}, parts=parts)


def test_a_run_of_one_part_leaves_what_was_known_of_the_others(tmp_path: Path) -> None:
    kept = tmp_path / "performance.json"
    kept.write_text(as_json(a_record(a_line(), a_line(benchmark="poll"))), encoding="utf-8")

    both = merged(load(kept), a_record(a_line(share=0.15)), NAMES)

    assert [line.share for line in both.parts["sign-up"].lines] == [0.15]
    assert [line.share for line in both.parts["poll"].lines] == [0.1]


def test_a_file_that_is_no_record_counts_as_none(tmp_path: Path) -> None:
    kept = tmp_path / "performance.json"
    kept.write_text("[]", encoding="utf-8")

    assert load(kept) is None
    assert load(tmp_path / "there is none") is None


def test_the_page_has_the_goals_and_a_table_of_every_benchmark() -> None:
    page = as_page(a_record(a_line()), QUESTIONS)

    assert all(question in page for question in QUESTIONS.values())
    assert (
        "| subscribe() <now> | SQLite | one bare upsert | 123 | 1,234 | 0.10 (0.050–0.20) |" in page
    )
    assert "not asked for in this run" in page
    assert "<!--" not in page


def test_the_pictures_are_drawn_from_what_was_measured(tmp_path: Path) -> None:
    c_client = {"benchmark": "delivery", "floor": "smtp-source -s 16"}
    grown = {"benchmark": "growth", "floor_extra": {"cpu_us": 80.0, "peak_mb": 60.0}}
    record = a_record(a_line(**c_client), a_line(**grown, subject="10,000 messages", floor="10"))
    smtplib = a_line(benchmark="delivery", floor="smtplib, one connection")
    record.parts["delivery"] = Part(
        size="small", at="", busy=0, seconds=1, lines=(a_line(**c_client), smtplib)
    )

    files = draw_all(record, {"waves": "<svg/>"}, tmp_path)

    assert {file.stem for file in files} == {"goals", "peers", "growth", "waves"}
    for file in files:
        ElementTree.parse(file)


def test_a_trial_survives_the_way_between_processes() -> None:
    trial = Trial(units=3, seconds=1.5, extra={"cpu_us": 2.0})

    assert Trial(**json.loads(json.dumps(asdict(trial)))) == trial
