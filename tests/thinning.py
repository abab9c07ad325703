"""Which tests of a file meet PostgreSQL in `make test`, where the files' SQL is that of others?

All of them do in `make soak`, and all of them meet SQLite in `make test`.
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


def _is_on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("engine_name") == "postgres"


def _file(item: pytest.Item) -> str:
    return str(item.path)


def _line(item: pytest.Item) -> int:
    assert isinstance(item, pytest.Function)
    return int(item.function.__code__.co_firstlineno)
