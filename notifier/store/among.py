"""How is a column compared with a list of ids of any length in a statement that is compiled once?

The list travels as one value: an array on PostgreSQL, JSON on SQLite. An IN spelled out is another
statement for each length.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine


def among(
    column: ColumnElement[Any], name: str, *, dialect: str, kind: TypeEngine[Any] | None = None
) -> ColumnElement[bool]:
    """Whether the column is one of the list that `name` is given, as `listed` writes it.

    `kind`: what the list holds; ids if nothing is said."""
    if dialect == "sqlite":
        return column.in_(select(each(name, dialect=dialect).c.value))
    return column == any_(bindparam(name, type_=ARRAY(kind or BigInteger())))


def each(name: str, *, dialect: str) -> Any:
    """Such a list of ids as rows with one column, `value`."""
    if dialect == "sqlite":
        return func.json_each(bindparam(name)).table_valued("value")
    given = func.unnest(bindparam(name, type_=ARRAY(BigInteger)))
    return given.table_valued("value").render_derived(name=name)


def listed(ids: Sequence[int] | Sequence[str], *, dialect: str) -> Any:
    """The value for such a list."""
    return json.dumps(ids) if dialect == "sqlite" else list(ids)
