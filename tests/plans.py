"""How much does SQLite have to do for a piece of code? For tests of what must stay cheap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from notifier.store.session import Database

EVERY = 10  # instructions of SQLite's machine between two counts


def steps(db: Database, work: Callable[[], object]) -> int:
    """Instructions that SQLite runs for `work`, to ten or so: a busy machine changes nothing."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += EVERY
        return 0

    def watch(connection: Any, *_: object) -> None:
        connection.connection.dbapi_connection.set_progress_handler(tick, EVERY)

    event.listen(db.engine, "before_cursor_execute", watch)
    try:
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", watch)
        with db.engine.connect() as connection:
            connection.connection.dbapi_connection.set_progress_handler(None, 0)
    return count
