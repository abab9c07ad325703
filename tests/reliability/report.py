"""Who writes docs/reliability.md? A run of `make soak`, from what its tests saw.

    @pytest.mark.fault("FI-5")
    def test_a_frozen_worker_is_replaced(…, seen):
        seen(lost=0, copies=1)            # figures for the page; nothing needs to be said

A run of some of the tests replaces their rows and leaves the others; each row says when it was
written and of which commit. tests/conftest.py registers this file as a plugin.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.faults import FAULTS
from tests.reliability.page import HELD, PAGE, Row, last_whole_run, parse, render

TESTS = Path(__file__).parents[1]
_TEST = re.compile(r"^ *def (test_\w+)\(", re.M)
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
NONE = "–"
BROKE = "did not hold"
ENDS = ("passed", "failed", "error")


@dataclass(slots=True)
class Cases:
    """The runs of one test on one database."""

    outcomes: Counter[str] = field(default_factory=Counter)
    forms: set[str] = field(default_factory=set)
    skipped: str = ""
    figures: list[dict[str, Any]] = field(default_factory=list)


# Reports name no configuration, and one process runs one session.
_RUN: dict[tuple[str, str, str], Cases] = {}
_writes = False
_began = time.monotonic()
SOAK = "soak or fault"  # as in the Makefile


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps figures for docs/reliability.md: `seen(lost=0, copies=2)`. Spaces are written as _."""

    def keep(**figures: float | str) -> None:
        request.node.user_properties.append(("figures", figures))

    return keep


def pytest_configure(config: pytest.Config) -> None:
    global _writes
    _writes = is_soak(config) and not hasattr(config, "workerinput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("fault"):
            unknown = set(marker.args) - set(FAULTS)
            if unknown or not marker.args:
                raise pytest.UsageError(f"{item.nodeid}: {unknown or 'nothing'} is no known fault")
            form = "long" if item.get_closest_marker("soak") else "short"
            about = (list(marker.args), _sentence(item), _database(item), form)
            item.user_properties.append(("fault", about))


def _sentence(item: pytest.Item) -> str:
    return sentence(getattr(item, "originalname", None) or item.name)


def sentence(name: str) -> str:
    """A test's name as it is read."""
    return name.removeprefix("test_").replace("_", " ")


def _database(item: pytest.Item) -> str:
    call = getattr(item, "callspec", None)
    return ENGINES.get(call.params.get("engine_name", "") if call else "", NONE)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    abouts = [value for name, value in report.user_properties if name == "fault"]
    if not abouts or not _is_telling(report):
        return
    figures = [value for name, value in report.user_properties if name == "figures"]
    for faults, did, database, form in abouts:
        for fault in faults:
            cases = _RUN.setdefault((fault, did, database), Cases())
            cases.forms.add(form)
            cases.outcomes[report.outcome] += 1
            cases.figures += figures if report.when == "call" else []
            if report.skipped and isinstance(report.longrepr, tuple):
                cases.skipped = str(report.longrepr[2]).removeprefix("Skipped: ")
    if _writes:  # after each test: a run that is cut off keeps what it has seen
        write()


def _is_telling(report: pytest.TestReport) -> bool:
    """The call, or a set-up or end that did not go well."""
    return report.when == "call" or report.outcome != "passed"


def write(*, whole: str = "") -> None:
    """Put what this run has seen into the page. `whole`: it was a whole one, told in words."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    rows = merge(parse(text), rows_of(_RUN, on=today(), of=commit()))
    PAGE.write_text(render(rows, whole=whole or last_whole_run(text)), encoding="utf-8")


def today() -> str:
    return datetime.now(UTC).date().isoformat()


@cache
def commit() -> str:
    """The commit that is tried, with a + when the program or its tests are not as committed."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=TESTS.parent, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "notifier", "migrations", "templates", "tests")
    return (git("rev-parse", "--short", "HEAD") or NONE) + ("+" if changed else "")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """How long it took, what was written, and what did not hold."""
    if not _writes or not _RUN:
        return
    ended = Counter({word: len(terminalreporter.getreports(word)) for word in ENDS})
    minutes = (time.monotonic() - _began) / 60
    words = f"{ended.total():,} tests in {minutes:.0f} minutes, {ended['failed']} failed"
    if is_whole(config) and exitstatus != pytest.ExitCode.INTERRUPTED:
        write(whole=f"{today()}, of {commit()}: {words}.")
    broken = [row for row in rows_of(_RUN, on="", of="") if row.outcome.startswith(BROKE)]
    terminalreporter.write_sep("-", f"docs/reliability.md: {len(_RUN)} rows from {words}")
    for row in broken:
        terminalreporter.write_line(f"{row.fault}, {row.database}: {row.did}: {row.outcome}")


def is_whole(config: pytest.Config) -> bool:
    """Whether nothing was left out."""
    every = config.getoption("markexpr") == SOAK and not config.getoption("keyword")
    return every and config.args_source is not pytest.Config.ArgsSource.ARGS


def is_soak(config: pytest.Config) -> bool:
    """Whether this is a long run: `-m soak`, or `-m "soak or fault"` as in `make soak`."""
    return str(config.getoption("markexpr")).startswith("soak")


def rows_of(run: dict[tuple[str, str, str], Cases], *, on: str, of: str) -> list[Row]:
    """The rows of one run, on that day, of that commit."""
    return [
        Row(
            fault=fault,
            did=did,
            database=database,
            cases=cases.outcomes.total(),
            seen=sum_up(cases.figures),
            outcome=_outcome(cases),
            form=" and ".join(sorted(cases.forms)),
            on=on,
            of=of,
        )
        for (fault, did, database), cases in run.items()
    ]


def _outcome(cases: Cases) -> str:
    failed = cases.outcomes["failed"]
    if failed:
        return f"{BROKE}: {failed} of {cases.outcomes.total()}"
    if not cases.outcomes["passed"]:
        return f"not run here: {cases.skipped}"
    return HELD


def sum_up(figures: Iterable[dict[str, Any]]) -> str:
    """Figures of all cases: `lost 0, copies 1 to 2`."""
    values: dict[str, list[Any]] = {}
    for one in figures:
        for name, value in one.items():
            values.setdefault(name, []).append(value)
    return ", ".join(f"{name.replace('_', ' ')} {_span(of)}" for name, of in values.items())


def _span(values: list[Any]) -> str:
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return _written(distinct[0])
    if all(isinstance(value, (int, float)) for value in distinct):
        return f"{_written(min(distinct))} to {_written(max(distinct))}"
    return " / ".join(map(_written, distinct))


def _written(value: Any) -> str:
    if isinstance(value, float):
        value = round(value, 1 if abs(value) >= 1 else 3)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def merge(known: list[Row], new: list[Row]) -> list[Row]:
    """The new rows, and the old ones of tests that still exist and were not run."""
    there = {sentence(name) for name in names_of_tests()}
    replaced = {row.key for row in new}
    kept = [
        row for row in known if row.key not in replaced and row.did in there and row.fault in FAULTS
    ]
    return kept + new


@cache
def names_of_tests() -> frozenset[str]:
    """The names of all tests there are."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        found |= set(_TEST.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)
