"""Does docs/reliability.md say what a run of the fault tests has seen, of every fault?"""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest

from tests.reliability.faults import FAULTS
from tests.reliability.page import HELD, PAGE, Row, last_whole_run, parse, render
from tests.reliability.report import (
    TESTS,
    Cases,
    is_soak,
    is_whole,
    merge,
    names_of_tests,
    rows_of,
    sentence,
    sum_up,
)

ROW = Row(
    fault="FI-5",
    did="a frozen worker is replaced and does no harm when it wakes",
    database="SQLite",
    cases=3,
    seen="copies 1 to 2, said a | b",
    outcome=HELD,
    form="long and short",
    on="2026-12-01",
    of="1234567+",
)


def test_what_is_written_is_read_again_as_it_was() -> None:
    rows = [ROW, *(_changed(fault=id_, database="PostgreSQL") for id_ in FAULTS)]
    whole = "2026-12-01, of 1234567: 12 tests in 3 minutes, 0 failed."
    page = render(rows, whole=whole)
    assert sorted(parse(page), key=str) == sorted(rows, key=str)
    assert last_whole_run(page) == whole
    assert last_whole_run(render(rows)) == ""


def test_a_run_replaces_its_own_rows_and_forgets_tests_that_are_gone() -> None:
    other = _changed(database="PostgreSQL")
    gone = _changed(did="a test that was removed long ago")
    again = _changed(outcome="did not hold: 1 of 3")
    assert merge([ROW, other, gone], [again]) == [other, again]
    assert "| **did not hold** |" in render([other, again])


def test_figures_of_many_cases_become_one_line() -> None:
    assert sum_up([{"lost": 0, "most_copies": 1}, {"lost": 0, "most_copies": 2}]) == (
        "lost 0, most copies 1 to 2"
    )
    assert sum_up([{"seconds": 12.345, "rows": 20_000}]) == "seconds 12.3, rows 20,000"


def test_a_failure_is_written_down_as_one_and_so_is_what_could_not_run() -> None:
    run = {
        ("FI-5", "a", "SQLite"): Cases(outcomes=Counter(passed=2, failed=1)),
        ("FI-5", "b", "SQLite"): Cases(outcomes=Counter(skipped=1), skipped="needs root"),
    }
    assert [row.outcome for row in rows_of(run, on="2026-12-01", of="1234567")] == [
        "did not hold: 1 of 3",
        "not run here: needs root",
    ]


def test_the_page_is_as_a_run_writes_it_and_every_fault_held() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = parse(text)
    assert render(rows, whole=last_whole_run(text)) == text, (
        "docs/reliability.md was changed by hand; run `make soak`"
    )
    assert {row.did for row in rows} <= {sentence(name) for name in names_of_tests()}
    held = {row.fault for row in rows if row.outcome == HELD}
    assert sorted(set(FAULTS) - held) == []
    assert [row for row in rows if row.outcome.startswith("did not hold")] == []


def test_only_a_run_of_everything_is_a_whole_one() -> None:
    def asked(mark: str, *, keyword: str = "", source: object = None) -> pytest.Config:
        places = pytest.Config.ArgsSource
        given = {"markexpr": mark, "keyword": keyword}
        made = SimpleNamespace(getoption=given.get, args_source=source or places.TESTPATHS)
        return cast(pytest.Config, made)

    assert is_whole(asked("soak or fault"))
    assert not is_whole(asked("soak"))
    assert not is_whole(asked("soak or fault", keyword="kills"))
    assert not is_whole(asked("soak or fault", source=pytest.Config.ArgsSource.ARGS))
    assert is_soak(asked("soak or fault"))
    assert not is_soak(asked("not soak"))


def test_every_fault_has_a_test_that_names_it() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    named = re.findall(r"mark\.fault\(([^)]*)\)", source)
    assert sorted(set(FAULTS) - set(re.findall(r'"([^"]+)"', " ".join(named)))) == []


def _changed(**changes: str) -> Row:
    values = {name: getattr(ROW, name) for name in Row.__slots__}
    return Row(**(values | changes))
