"""How are any number of rows inserted by one statement that is the same for every number?

All rows travel as one value, JSON: one question to the server, and nothing that is compiled anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import JSON, Connection, String, Table

from notifier.store.prepared import as_told, later
from notifier.store.tables.base import Instant


class ManyRows:
    """An INSERT of rows that name `columns`. `conflict`: what follows ON CONFLICT, as SQL.

    `returning`: columns of numbers and words, which come back as the driver gives them.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        conflict: str = "",
        returning: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._tail = f" ON CONFLICT {conflict}" if conflict else ""
        if returning:
            named = ", ".join(f"{table.name}.{name}" for name in returning)
            self._tail += f" RETURNING {named}"
        self._returns = bool(returning)
        self._made: dict[str, tuple[str, list[Any]]] = {}

    def insert(self, tx: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """What `returning` names of each row that was inserted or brought up to date."""
        return self.ask(tx, rows)()

    def ask(
        self, tx: Connection, rows: Sequence[Mapping[str, Any]]
    ) -> Callable[[], list[tuple[Any, ...]]]:
        """As Prepared.ask."""
        if not rows:
            return list
        if not tx.in_transaction():
            tx.begin()
        name = tx.dialect.name
        if name not in self._made:
            sql = self._sqlite() if name == "sqlite" else self._postgres(tx)
            self._made[name] = sql, [self._inward(one, tx) for one in self._columns]
        sql, inward = self._made[name]
        pairs = list(zip(self._columns, inward, strict=True))
        given = [[put(row[one]) if put else row[one] for one, put in pairs] for row in rows]
        driver: Any = tx.connection.driver_connection
        try:
            cursor = driver.execute(sql, (json.dumps(given),))
        except tx.dialect.loaded_dbapi.Error as error:
            raise as_told(tx, sql, error) from error
        return later(tx, partial(_read, tx, sql, cursor)) if self._returns else list

    def _inward(self, name: str, tx: Connection) -> Any:
        """What makes a value of this column one that JSON has; None where it is one."""
        kind = self._table.c[name].type
        process = kind._cached_bind_processor(tx.dialect)
        if isinstance(kind.dialect_impl(tx.dialect), JSON):
            return _json
        if isinstance(kind, Instant) and tx.dialect.name != "sqlite":
            return _iso
        return process

    def _sqlite(self) -> str:
        each = ", ".join(f"value ->> {n}" for n in range(len(self._columns)))
        return (
            f"INSERT INTO {self._table.name} ({', '.join(self._columns)})"
            f" SELECT {each} FROM json_each(?) WHERE true ORDER BY key{self._tail}"
        )

    def _postgres(self, tx: Connection) -> str:
        each = []
        for n, name in enumerate(self._columns):
            kind = self._table.c[name].type.dialect_impl(tx.dialect)
            # a cast to VARCHAR(9) would cut words off
            cast = "" if isinstance(kind, String) else f"::{kind.compile(tx.dialect)}"
            each.append(f"(v.value ->> {n}){cast}")
        return (
            f"INSERT INTO {self._table.name} ({', '.join(self._columns)})"
            f" SELECT {', '.join(each)} FROM jsonb_array_elements(%s::JSONB)"
            f" WITH ORDINALITY AS v(value, place) ORDER BY v.place{self._tail}"
        )


def _read(tx: Connection, sql: str, cursor: Any) -> list[tuple[Any, ...]]:
    try:
        return list(cursor.fetchall())
    except tx.dialect.loaded_dbapi.Error as error:
        raise as_told(tx, sql, error) from error


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
