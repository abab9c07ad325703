"""What does `make test` leave to `make soak`, where tests of a kind are many and each costs much?

Which tests of a file meet PostgreSQL, where the files' SQL is that of others; all of them meet
SQLite in `make test`. And which rows of a table are shown in a browser.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

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
    """Of the rows of each table the first, the fourth … are in `make test`, the others in soak."""
    rows = [item for item in items if hasattr(item, "callspec") and not _is_for_soak(item)]
    for _, of_one_table in groupby(sorted(rows, key=_row), key=_table):
        for number, item in enumerate(of_one_table):
            if number % EVERY:
                item.add_marker(pytest.mark.soak)


def _is_for_soak(item: pytest.Item) -> bool:
    return item.get_closest_marker("soak") is not None


def _table(item: pytest.Item) -> tuple[str, int]:
    return _file(item), _line(item)


def _row(item: pytest.Item) -> tuple[str, int, list[int]]:
    """Where it stands, in whatever order the tests were collected."""
    indices: dict[str, int] = item.callspec.indices  # type: ignore[attr-defined]
    return *_table(item), [indices[name] for name in sorted(indices)]


def _is_on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("engine_name") == "postgres"


def _file(item: pytest.Item) -> str:
    return str(item.path)


def _line(item: pytest.Item) -> int:
    assert isinstance(item, pytest.Function)
    return int(item.function.__code__.co_firstlineno)
