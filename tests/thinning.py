"""What does `make test` leave to `make soak`, where tests of a kind are many and each costs much?

Which tests of a file meet PostgreSQL, where the files' SQL is that of others; all of them meet
SQLite in `make test`. And which rows of a table whose rows take long are run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

EVERY = 3


def thin_out(items: Iterable[pytest.Item]) -> None:
    """Of the tests of each file the first, the fourth … meet PostgreSQL, the others in soak."""
    on_postgres = [item for item in items if _is_on_postgres(item)]
    for _, of_one_file in groupby(sorted(on_postgres, key=_file), key=_file):
        tests = list(of_one_file)
        lines = sorted({_line(item) for item in tests})
        for item in tests:
            if lines.index(_line(item)) % EVERY:
                item.add_marker(pytest.mark.soak)


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


def _is_on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("engine_name") == "postgres"


def _file(item: pytest.Item) -> str:
    return str(item.path)


def _line(item: pytest.Item) -> int:
    assert isinstance(item, pytest.Function)
    return int(item.function.__code__.co_firstlineno)
