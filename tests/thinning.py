"""What does `make test` leave to `make soak`, where tests of a kind are many?

Which tests of a file meet PostgreSQL and which SQLite; in `make soak` they meet the other one. And
which rows of a table whose rows take long are run.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

EVERY = 3
ENGINE = "engine_name"
Row = tuple[tuple[str, int], ...]


def share_out(items: Iterable[pytest.Item]) -> None:
    """Of the tests of each file that can meet both databases the first, the fourth … meet
    PostgreSQL and the others SQLite. What is only for one of them stays as it is."""
    files: dict[Path, dict[tuple[int, Row], dict[str, pytest.Item]]]
    files = defaultdict(lambda: defaultdict(dict))
    for item in items:
        call = getattr(item, "callspec", None)
        if call is not None and ENGINE in call.params and not item.get_closest_marker("soak"):
            others = tuple(sorted(one for one in call.indices.items() if one[0] != ENGINE))
            files[item.path][_line(item), others][call.params[ENGINE]] = item
    for tests in files.values():
        both = {where: engines for where, engines in tests.items() if len(engines) == 2}
        lines = sorted({line for line, _ in both})
        for (line, _), engines in both.items():
            spared = "postgres" if lines.index(line) % EVERY else "sqlite"
            engines[spared].add_marker(pytest.mark.soak)


def thin_out_rows(items: Iterable[pytest.Item]) -> None:
    """Of the rows of each table every third is in `make test`, the others are in soak. Where a
    table is that of several lists crossed, each word of each list is in some row that stays."""
    for item in items:
        call = getattr(item, "callspec", None)
        if call is not None and sum(call.indices.values()) % EVERY:
            item.add_marker(pytest.mark.soak)


def within(folder: Path, items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Those of the tests that lie in this folder."""
    beginning = f"{folder}{os.sep}"
    return (item for item in items if str(item.path).startswith(beginning))


def _line(item: pytest.Item) -> int:
    assert isinstance(item, pytest.Function)
    return int(item.function.__code__.co_firstlineno)
