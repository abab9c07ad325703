"""How is a statement that runs for every visitor run at the price of the driver?

Written in SQLAlchemy's words like any other, compiled once, then given to the driver itself: what
the library does anew at each execution costs ten times what the database does.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")


class Prepared:
    """A statement, or with `by_dialect` what makes it of the dialect's name.

    No lists: an IN is spelled out in the statement. Rows are named tuples.
    """

    def __init__(self, statement: Any, *, by_dialect: bool = False) -> None:
        self._statement = statement
        self._by_dialect = by_dialect
        self._plans: dict[tuple[str, tuple[str, ...]], _Plan] = {}

    def rows(self, tx: Connection, values: dict[str, Any]) -> list[Any]:
        """All rows."""
        plan = self._plan(tx, values)
        return plan.made(tx, values, plan.row._make)

    def made(
        self, tx: Connection, values: dict[str, Any], make: Callable[[list[Any]], T]
    ) -> list[T]:
        """What `make` makes of the values of each row."""
        return self._plan(tx, values).made(tx, values, make)

    def ask(self, tx: Connection, values: dict[str, Any]) -> Callable[[], list[Any]]:
        """Only ask; called, what this gives waits for all rows. In a pipeline of the driver, what
        is asked before anybody waits goes to the server on one way."""
        plan = self._plan(tx, values)
        return later(tx, partial(plan.read, tx, plan.execute(tx, values), plan.row._make))

    def first(self, tx: Connection, values: dict[str, Any]) -> Any:
        """The first row; None when there is none."""
        return next(iter(self.rows(tx, values)), None)

    def scalar(self, tx: Connection, values: dict[str, Any]) -> Any:
        """The first value of the first row; None when there is none."""
        row = self.first(tx, values)
        return row[0] if row else None

    def run(self, tx: Connection, values: dict[str, Any]) -> int:
        """How many rows it touched."""
        return int(self._plan(tx, values).execute(tx, values).rowcount)

    def _plan(self, tx: Connection, values: dict[str, Any]) -> _Plan:
        key = (tx.dialect.name, tuple(values))
        plan = self._plans.get(key)
        if plan is None:
            statement = self._statement(key[0]) if self._by_dialect else self._statement
            plan = self._plans[key] = _Plan(statement, tx, names=key[1])
        return plan


class _Plan:
    """The compiled statement of one dialect, and how values go in and come out."""

    def __init__(self, statement: Any, tx: Connection, *, names: tuple[str, ...]) -> None:
        # an INSERT that names no values of its own sets the columns that are given
        is_open = statement.is_insert and not statement._multi_values
        columns = list(names) if is_open else None
        compiled = statement.compile(dialect=tx.dialect, column_keys=columns)
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise TypeError(f"a list in a prepared statement: {compiled}")
        self.sql = str(compiled)
        inward = compiled._bind_processors
        self._places: list[tuple[str, str, Any, Callable[[Any], Any] | None]] = []
        order = compiled.positiontup if compiled.positional else list(compiled.bind_names.values())
        for name in order:
            bound, process = compiled.binds[name], inward.get(name)
            if bound.key in names:
                self._places.append((name, bound.key, None, process))
            else:
                fixed = bound.effective_value
                self._places.append((name, "", process(fixed) if process else fixed, None))
        self._positional = compiled.positional
        self._types = [column.type for column in compiled._result_columns]
        self._outward: list[tuple[int, Any]] | None = None
        names_out = [column.keyname for column in compiled._result_columns]
        self.row: Any = namedtuple("Row", names_out, rename=True)  # type: ignore[misc]

    def execute(self, tx: Connection, values: dict[str, Any]) -> Any:
        """The driver's cursor. Its errors come as SQLAlchemy would have told them."""
        if not tx.in_transaction():
            tx.begin()
        given = [
            fixed if not key else process(values[key]) if process else values[key]
            for _, key, fixed, process in self._places
        ]
        sent: Any = given
        if not self._positional:
            sent = {place[0]: value for place, value in zip(self._places, given, strict=True)}
        driver: Any = tx.connection.driver_connection
        try:
            return driver.execute(self.sql, sent)
        except tx.dialect.loaded_dbapi.Error as error:
            raise as_told(tx, self.sql, error) from error

    def made(
        self, tx: Connection, values: dict[str, Any], make: Callable[[list[Any]], T]
    ) -> list[T]:
        """What is made of the driver's rows, with values as they are meant."""
        return self.read(tx, self.execute(tx, values), make)

    def read(self, tx: Connection, cursor: Any, make: Callable[[list[Any]], T]) -> list[T]:
        rows = cursor.fetchall()
        if not rows:
            return []
        if self._outward is None:  # the driver names its types with the first answer
            kinds = zip(self._types, cursor.description, strict=True)
            outward = [one._cached_result_processor(tx.dialect, kind[1]) for one, kind in kinds]
            self._outward = [(n, process) for n, process in enumerate(outward) if process]
        found = []
        for row in rows:
            meant = list(row)
            for n, process in self._outward:
                meant[n] = process(meant[n])
            found.append(make(meant))
        return found


def later(tx: Connection, read: Callable[[], T]) -> Callable[[], T]:
    """`read`, or its result where the answer is here already: SQLite wants it read to its end
    before anything is rolled back."""
    if tx.dialect.name != "sqlite":
        return read
    result = read()
    return lambda: result


def as_told(tx: Connection, sql: str, error: Any) -> BaseException:
    """The driver's error as SQLAlchemy's; a connection that is gone is not used again."""
    driver: Any = tx.connection.driver_connection
    base: Any = tx.dialect.loaded_dbapi.Error
    gone = tx.dialect.is_disconnect(error, driver, None)
    if gone:
        tx.invalidate(error)
    told: BaseException = DBAPIError.instance(
        sql, None, error, base, hide_parameters=True, connection_invalidated=gone
    )
    return told
