"""How is a column compared with a list of ids of any length in a statement that is compiled once?

The list travels as one value: an array on PostgreSQL, JSON on SQLite. An IN spelled out is another
statement for each length.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine


def among(
    column: ColumnElement[Any], name: str, *, dialect: str, kind: TypeEngine[Any] | None = None
) -> ColumnElement[bool]:
    """Whether the column is one of the list that `name` is given, as `listed` writes it.

    `kind`: what the list holds; ids if nothing is said."""
    if dialect == "sqlite":
        each = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(name, type_=ARRAY(kind or BigInteger())))


def is_one_of(tx: Connection, column: ColumnElement[Any], ids: Sequence[int]) -> Any:
    """The same for a statement that is run as it is."""
    if tx.dialect.name == "sqlite":
        each = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))


def listed(ids: Sequence[int] | Sequence[str], *, dialect: str) -> Any:
    """The value for such a list."""
    return json.dumps(ids) if dialect == "sqlite" else list(ids)
