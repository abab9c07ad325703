"""Has anybody committed something to this database since we asked last?

An SQLite file counts its commits: one number that is read without looking at a table. It says
nothing of what was committed or by whom, so it may also have been this process. PostgreSQL has no
such number.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from notifier.store.session import Database


class OtherCommits:
    """Asks by a connection of its own, outside of the pool. Used by one thread at a time."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._connection: Any = None
        self._seen = 0

    def any(self) -> bool:
        """True the first time, after a commit, and while the file cannot be asked."""
        try:
            if self._connection is None:
                fairy = self._db.engine.raw_connection()
                self._connection = fairy.driver_connection
                fairy.detach()
            (count,) = self._connection.execute("PRAGMA data_version").fetchone()
        except (DBAPIError, PoolTimeout, self._db.engine.dialect.loaded_dbapi.Error):
            self.close()
            return True
        before, self._seen = self._seen, int(count)
        return before != self._seen

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._seen = 0
        if connection is not None:
            connection.close()
