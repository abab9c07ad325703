"""How does a story that many tests begin with cost its time once?

    @pytest.fixture
    def ann(tell: Tell) -> int:
        return tell(_ann)                 # _ann(store) acts as people do, and gives a contact's id

The first test of a process tells it on each database. For later ones the rows it left are put
back as they were, with the clock and the letters.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from notifier.store.session import Database
from notifier.store.tables import metadata
from tests.timing import SettableClock
from tests.web.storefront import Storefront

T = TypeVar("T")
_TABLES = tuple(f'"{table.name}"' for table in metadata.sorted_tables)
_NUMBERS = "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences"


class Tell(Protocol):
    def __call__(self, story: Callable[[Storefront], T]) -> T: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    given: Any
    now: datetime
    letters: bytes
    rows: dict[str, Any]  # by table; on PostgreSQL what COPY wrote
    numbers: tuple[tuple[str, int], ...]  # where PostgreSQL's sequences stood


class Stories:
    """The stories of one process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, bool], _Kept] = {}

    def tell(
        self, story: Callable[[Storefront], T], *, store: Storefront, clock: SettableClock
    ) -> T:
        """What `story` gives, in a shop in which nothing has happened yet."""
        db, letters = store.env.db, store.folder / "letters.jsonl"
        key = (story.__module__, story.__qualname__, db.is_sqlite)
        kept = self._kept.get(key)
        if kept is not None:
            letters.write_bytes(kept.letters)
            clock.set(kept.now)
            (_put_back_on_sqlite if db.is_sqlite else _put_back_on_postgres)(db, kept)
            return deepcopy(kept.given)  # type: ignore[no-any-return]
        take = _take_from_sqlite if db.is_sqlite else _take_from_postgres
        before, _ = take(db)
        given = story(store)
        after, numbers = take(db)
        # What was there before, the shops and who signed in, is there before the next one too.
        assert before.items() <= after.items(), "a story may not change what was there before it"
        self._kept[key] = _Kept(
            given=deepcopy(given),
            now=clock.now,
            letters=letters.read_bytes() if letters.exists() else b"",
            rows={name: rows for name, rows in after.items() if name not in before},
            numbers=numbers,
        )
        return given


def _take_from_sqlite(db: Database) -> tuple[dict[str, Any], tuple[tuple[str, int], ...]]:
    with db.read() as tx:
        every = {
            name: [tuple(row) for row in tx.exec_driver_sql(f"SELECT * FROM {name}")]
            for name in _TABLES
        }
    return {name: rows for name, rows in every.items() if rows}, ()


def _put_back_on_sqlite(db: Database, kept: _Kept) -> None:
    with db.write() as tx:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for name, rows in kept.rows.items():
            marks = ", ".join("?" * len(rows[0]))
            tx.exec_driver_sql(f"INSERT INTO {name} VALUES ({marks})", rows)


def _take_from_postgres(db: Database) -> tuple[dict[str, Any], tuple[tuple[str, int], ...]]:
    kept = {}
    with db.read() as tx:
        server: Any = tx.connection.driver_connection
        for name in _TABLES:
            with server.cursor().copy(f"COPY {name} TO STDOUT") as copy:
                if found := b"".join(bytes(part) for part in copy):
                    kept[name] = found
        numbers = tx.exec_driver_sql(f"{_NUMBERS} WHERE last_value IS NOT NULL").all()
    return kept, tuple((str(name), int(value)) for name, value in numbers)


def _put_back_on_postgres(db: Database, kept: _Kept) -> None:
    with db.write() as tx:
        # What is put back fits together: no key needs to be checked.
        tx.exec_driver_sql("SET LOCAL session_replication_role = replica")
        server: Any = tx.connection.driver_connection
        for name, found in kept.rows.items():
            with server.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                copy.write(found)
        for name, value in kept.numbers:
            server.execute("SELECT setval(%s::regclass, %s)", (name, value))
