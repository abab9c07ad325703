"""How does one talk to the database, on SQLite and on PostgreSQL, and who commits?

`Database.write()` is the only place that commits. On SQLite it begins with BEGIN IMMEDIATE: a
transaction that began with a read and then writes fails at once with "database is locked",
whatever the timeout. Code that may meet a passing conflict uses `Database.retry(work)`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from notifier.domain.work import Work
from notifier.errors import StoreBusy
from notifier.metrics import DATABASE_BUSY
from notifier.store.connecting import make_engine
from notifier.store.passing_faults import as_translated, translated
from notifier.store.patience import JOBS_WAIT, VISITORS_WAIT, lock_wait, waiting_at_most
from notifier.store.prepared import as_told
from notifier.store.room import Room
from notifier.store.write_line import Alike, SharedCommit, WriteLine

T = TypeVar("T")
Transaction = Connection
Nudge = Callable[[Connection, frozenset[Work]], None]
Ear = Callable[[frozenset[Work]], None]

_WORK = "work made"  # where a connection remembers it until its transaction ends


@dataclass(slots=True, weakref_slot=True)
class _Together:
    """What all who have one database open in this process share."""

    line: WriteLine = field(default_factory=WriteLine)
    changes: int = 0
    ears: tuple[Ear, ...] = ()
    guard: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, made: frozenset[Work]) -> None:
        for ear in self.ears:
            ear(made)


_open: WeakValueDictionary[str, _Together] = WeakValueDictionary()


class Database:
    """One database. Thread-safe; make one a process.

    `nudge` is called at the end of a transaction that has made work (see `soon`), before its
    commit and in it: what it writes there is kept or lost together with the work.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.nudge: Nudge | None = None
        self.room = Room()
        self.engine = make_engine(url, pool_size=pool_size)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._shared = _open.setdefault(str(self.engine.url), _Together())
        self._commits = SharedCommit(self._begin)

    @property
    def changes(self) -> int:
        """Grows with every commit of this process but those of `together`."""
        return self._shared.changes

    def hear(self, ear: Ear) -> Callable[[], None]:
        """Tell `ear` of work that this process has made (see `soon`), right after its commit and
        in the thread that made it: an ear only notes it. Gives what ends that."""

        def leave() -> None:
            with self._shared.guard:
                self._shared.ears = tuple(one for one in self._shared.ears if one != ear)

        with self._shared.guard:
            self._shared.ears = (*self._shared.ears, ear)
        return leave

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to look with. What is written in it is rolled back."""
        with translated(self.room), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")  # one snapshot for all that is read
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A connection for a question that is asked often: no transaction around it, so of two
        questions the second may see more than the first. Nothing is to be written in it."""
        with translated(self.room), self.engine.connect() as connection:
            if not self.is_sqlite:  # there nothing begins by itself
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end, rolled back on any error."""
        with self._begin() as connection:
            yield connection
        with self._shared.guard:  # it may not fall back: what was read before is compared with it
            self._shared.changes += 1

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        line = self._shared.line if self.is_sqlite else None
        if line is not None and not line.acquire(timeout=lock_wait()):
            raise StoreBusy("The database cannot take this now: others write before.")
        made: set[Work] | None = None
        try:
            with translated(self.room), self.engine.connect() as connection:
                _wait_no_longer(connection)
                if self.is_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.info.pop(_WORK, None)  # of a transaction that was rolled back
                yield connection
                made = connection.info.pop(_WORK, None)
                if made and self.nudge is not None:
                    self.nudge(connection, frozenset(made))
                connection.commit()
        finally:
            if line is not None:
                line.release()
        if made:
            self._shared.tell(frozenset(made))

    def for_visitors(self) -> AbstractContextManager[None]:
        """In this thread, nothing waits for the database longer than a visitor would."""
        return waiting_at_most(VISITORS_WAIT)

    def together(self, work: Callable[[Connection], T], alike: Alike | None = None) -> T:
        """As `retry`, for small work of many visitors at once that changes nothing they are shown.

        What comes at the same time is committed in one transaction; work that raises is rolled
        back alone. `alike`: how several of a kind are done in one go.
        """

        def shared() -> T:
            with translated(self.room):
                result: T = self._commits.run(work, alike)
            return result

        return self._again(shared, tries=4)

    def all_together(
        self, works: Sequence[tuple[Callable[[Connection], T], Alike | None]]
    ) -> list[T | Exception]:
        """As `together` for several works of one thread: the result of each, or its error."""
        outcomes: list[Any] = [None] * len(works)
        left = list(range(len(works)))

        def shared() -> None:
            done = self._commits.run_all([works[n] for n in left])
            for n, (result, error) in zip(left, done, strict=True):
                outcomes[n] = result if error is None else as_translated(self.room, error)
            left[:] = [n for n in left if isinstance(outcomes[n], StoreBusy)]
            if left:
                raise outcomes[left[0]]

        with suppress(StoreBusy):  # it is among the outcomes
            self._again(shared, tries=4)
        return outcomes

    def retry(self, work: Callable[[Connection], T], *, tries: int = 4) -> T:
        """Run `work` in a writing transaction, the whole again if the database was busy.

        Raises errors.StoreBusy when it still is after `tries`, or as long as one may wait here.
        """

        def alone() -> T:
            with self.write() as tx:
                return work(tx)

        return self._again(alone, tries=tries)

    def _again(self, act: Callable[[], T], *, tries: int) -> T:
        until = time.monotonic() + lock_wait()
        for attempt in range(1, tries):
            try:
                return act()
            except StoreBusy:
                if time.monotonic() > until:
                    DATABASE_BUSY.labels(then="given_up").inc()
                    raise
                DATABASE_BUSY.labels(then="tried_again").inc()
                time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
        try:
            return act()
        except StoreBusy:
            DATABASE_BUSY.labels(then="given_up").inc()
            raise

    def close(self) -> None:
        self.engine.dispose()

    def path(self) -> Path | None:
        """The database file on SQLite, None elsewhere."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name else None


def soon(tx: Connection, work: Work) -> None:
    """This transaction makes work that somebody should find soon.

    A hint only: whoever looks for due rows now and then finds them without it, later.
    """
    tx.info.setdefault(_WORK, set()).add(work)


def _wait_no_longer(connection: Connection) -> None:
    """Let locks be waited for as long as one may here, where that is not as long as jobs do."""
    limit = lock_wait()
    if connection.dialect.name != "sqlite":
        if limit != JOBS_WAIT:
            _tell_for_now(connection, f"SET LOCAL lock_timeout = {limit * 1000:.0f}")
    elif connection.info.get("lock_wait", JOBS_WAIT) != limit:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={limit * 1000:.0f}")
        connection.info["lock_wait"] = limit


def _tell_for_now(connection: Connection, setting: str) -> None:
    """Begin a transaction with a setting of its own, both on one way to the server."""
    connection.begin()
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            driver.execute(setting)
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_told(connection, setting, error) from error


def can_write(db: Database) -> bool:
    """True when a writing transaction can begin now (for /readyz)."""
    try:
        with db.engine.connect() as connection:
            _wait_no_longer(connection)
            if db.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.execute(text("UPDATE leases SET until = until WHERE name = ''"))
            connection.rollback()
    except (DBAPIError, PoolTimeout):
        return False
    return True
