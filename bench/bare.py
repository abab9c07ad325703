"""How does the least that SQL can cost talk to the database: a driver, no library above it?

The same file or server and the same safety settings as the product's; one connection.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import make_url

from notifier.store.patience import JOBS_WAIT

_NAME = re.compile(r"(?<!:):([a-z_]+)")


class Bare:
    """One connection of the driver. Statements name their values like `:this`."""

    def __init__(self, url: str) -> None:
        self._prepared: dict[str, str] = {}
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._sqlite = sqlite3.connect(
                make_url(url).database or "",
                isolation_level=None,
                check_same_thread=False,
                timeout=JOBS_WAIT,
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._sqlite.execute(f"PRAGMA {pragma}")
        else:
            import psycopg  # a sender on SQLite is measured without its memory

            self._postgres = psycopg.connect(url)

    def run(self, statement: str, values: Mapping[str, Any]) -> int:
        """One statement in a transaction of its own; the number of rows it touched."""
        if self.is_sqlite:
            self._sqlite.execute("BEGIN IMMEDIATE")
            rows = self._sqlite.execute(statement, values).rowcount
            self._sqlite.execute("COMMIT")
            return rows
        text = self._prepared.get(statement)
        if text is None:
            text = self._prepared[statement] = _NAME.sub(r"%(\1)s", statement)
        rows = self._postgres.execute(text.encode(), values).rowcount
        self._postgres.commit()
        return rows

    def fill(self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows in one transaction, as quickly as the driver can."""
        listed = ", ".join(names)
        if self.is_sqlite:
            marks = ", ".join("?" * len(names))
            self._sqlite.execute("BEGIN IMMEDIATE")
            self._sqlite.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)
            self._sqlite.execute("COMMIT")
            return
        words = f"COPY {table} ({listed}) FROM STDIN".encode()
        with self._postgres.cursor() as cursor, cursor.copy(words) as copy:
            for row in rows:
                copy.write_row(row)
        self._postgres.commit()

    def go_on_counting(self, table: str) -> None:
        """After rows whose `id` was given: the next one is beyond them. SQLite does that itself."""
        if not self.is_sqlite:
            asked = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            self._postgres.execute(asked.encode())
            self._postgres.commit()

    def moment(self, at: datetime) -> Any:
        """An instant as the product keeps it."""
        utc = at.astimezone(UTC)
        return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if self.is_sqlite else utc

    def close(self) -> None:
        (self._sqlite if self.is_sqlite else self._postgres).close()
