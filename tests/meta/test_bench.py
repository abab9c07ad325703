"""Does every benchmark still run, and does it say what it measured?

Tiny sizes, one round, in this process: how fast anything is does not matter here.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import announce, sign_up, sinks
from bench.__main__ import BENCHMARKS, NAMES, QUESTIONS
from bench.bare import Bare
from bench.child import ChildFailed, Children
from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile
from bench.feeds import write_feed
from bench.places import Place, PostgresPlace, SqlitePlace
from bench.sizes import Size
from bench.sequence import attempt
from bench.stage import Benchmark, Stage
from bench.table import as_text, goals_as_text
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
FLOORS = {
    "sign-up": {"one bare upsert"},
    "announce": {"bare INSERT … SELECT"},
    "delivery": {"smtplib, one connection"},  # and smtp-source, where it is installed
    "oscar": set(),  # it is not installed for this
    "quick-sink": {"one connection"},
    "slow-relay": {"one connection"},
    "growth": {"1 messages"},
    "poll": {"bare lxml iterparse"},
    "front-door": {"bare Flask, one upsert", "bare Flask, same bytes"},
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


@pytest.mark.usefixtures("without_postfix")
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda one: one.name)
def test_every_benchmark_compares_the_product_with_its_floors(
    benchmark: Benchmark, stage: Stage
) -> None:
    lines = benchmark.run(stage, TINY)

    assert {line.benchmark for line in lines} <= {benchmark.name}
    assert {line.floor for line in lines} == FLOORS[benchmark.name]
    assert all(0 < line.lowest <= line.share <= line.highest for line in lines)


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

            planned = bare.run(announce.INSERT, {"now": now, "until": now})
            upserted = bare.run(sign_up.UPSERT, sign_up.row_of_upsert(bare, 1))

            bare.close()
    finally:
        place.close()
    assert (planned, upserted) == (3, 1)


def test_a_process_of_its_own_gives_the_same_kind_of_answer(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    write_feed(feed, 5)

    trial = Children(tmp_path).measure("parse", feed=str(feed), items=5)

    assert trial.units == 5
    assert trial.extra["peak_mb"] > 1


def test_work_that_was_not_done_is_no_result(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    write_feed(feed, 5)

    with pytest.raises(ChildFailed, match="5 items, not 6"):
        Children(tmp_path).measure("parse", feed=str(feed), items=6)


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


def test_the_picture_is_an_svg_with_a_bar_for_each_line() -> None:
    drawn = ElementTree.fromstring(as_svg([a_line(), a_line(share=3.0, highest=5.0)]))

    bars = drawn.findall(".//{http://www.w3.org/2000/svg}rect")
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert len(widths) == 2
    assert 0 < widths[0] < widths[1]


def test_a_trial_survives_the_way_between_processes() -> None:
    trial = Trial(units=3, seconds=1.5, extra={"cpu_us": 2.0})

    assert Trial(**json.loads(json.dumps(asdict(trial)))) == trial
