"""How are any number of rows inserted by one statement that is the same for every number?

All rows travel as one value a column on PostgreSQL (arrays), as one value on SQLite (JSON): one
question to the server, and nothing that is compiled anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, String, Table

from notifier.store.prepared import as_told


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
        if not rows:
            return []
        if not tx.in_transaction():
            tx.begin()
        name = tx.dialect.name
        if name not in self._made:
            inward = [self._table.c[one].type for one in self._columns]
            processors = [kind._cached_bind_processor(tx.dialect) for kind in inward]
            self._made[name] = (
                self._sqlite() if name == "sqlite" else self._postgres(tx),
                processors,
            )
        sql, processors = self._made[name]
        pairs = list(zip(self._columns, processors, strict=True))
        driver: Any = tx.connection.driver_connection
        try:
            if name == "sqlite":
                listed = [
                    [put(row[one]) if put else row[one] for one, put in pairs] for row in rows
                ]
                cursor = driver.execute(sql, (json.dumps(listed),))
            else:
                sent = {
                    one: [put(row[one]) for row in rows] if put else [row[one] for row in rows]
                    for one, put in pairs
                }
                cursor = driver.execute(sql, sent)
            return list(cursor.fetchall()) if self._returns else []
        except tx.dialect.loaded_dbapi.Error as error:
            raise as_told(tx, sql, error) from error

    def _sqlite(self) -> str:
        each = ", ".join(f"value ->> {n}" for n in range(len(self._columns)))
        return (
            f"INSERT INTO {self._table.name} ({', '.join(self._columns)})"
            f" SELECT {each} FROM json_each(?) WHERE true ORDER BY key{self._tail}"
        )

    def _postgres(self, tx: Connection) -> str:
        given, taken = [], []
        for name in self._columns:
            kind = self._table.c[name].type.dialect_impl(tx.dialect)
            is_text = isinstance(kind, String | JSON)  # a cast to VARCHAR(9) would cut words off
            given.append(f"%({name})s::{'TEXT' if is_text else kind.compile(tx.dialect)}[]")
            taken.append(f"v.{name}::JSONB" if isinstance(kind, JSON) else f"v.{name}")
        return (
            f"INSERT INTO {self._table.name} ({', '.join(self._columns)})"
            f" SELECT {', '.join(taken)} FROM unnest({', '.join(given)})"
            f" WITH ORDINALITY AS v({', '.join(self._columns)}, place) ORDER BY v.place{self._tail}"
        )
