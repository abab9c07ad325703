"""Who writes next into an SQLite file, within this process, and who may share a commit?

SQLite lets one write at a time, and those who wait look again now and then, so somebody may look
at the wrong moment for ever. Here they stand in line. Small writes that come at the same time go
in one transaction: the disk is waited for once, and nobody waits for the rows that all of them
count in, on either database.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.store.patience import somebody_waits
from notifier.store.prepared import as_told

LONGEST_GROUP = 0.02  # seconds of work in one shared transaction; others wait for it
LARGEST_GROUP = 64

# Plans are kept, and one made while a table is new walks through all of it when it has grown.
BY_INDEX = "SET LOCAL enable_seqscan = off"

ALONE = object()  # among the results of works done at once: this one is to be done by itself


class NotTogether(Exception):
    """Several works cannot be done at once after all; nothing of them may stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What one work has in common with others of its kind, and its own.

    `at_once` does several of one kind with the same `about` in one go: of the transaction and what
    was `given` with each it makes the results, ALONE among them where it would not; or it raises
    NotTogether.
    """

    at_once: Callable[[Any, Any, Sequence[Any]], Sequence[object]]
    about: Any
    given: Any


class WriteLine:
    """A lock that is handed on in the order of asking, to visitors and to others in turns.

    So a person waits for one other transaction at most, however many jobs and senders write.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._visitors: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()
        self._was_visitors = False

    def acquire(self, timeout: float) -> bool:
        """False when it was not our turn within `timeout` seconds."""
        line = self._visitors if somebody_waits() else self._others
        with self._guard:
            if not self._held:
                self._held = True
                self._was_visitors = line is self._visitors
                return True
            ticket = threading.Lock()
            ticket.acquire()
            line.append(ticket)
        if ticket.acquire(timeout=timeout):
            return True
        with self._guard:
            if ticket in line:
                line.remove(ticket)
                return False
        return True  # handed to us in the last moment

    def release(self) -> None:
        with self._guard:
            visitors_next = bool(self._visitors) and not (self._was_visitors and self._others)
            line = self._visitors if visitors_next else self._others
            self._held = bool(line)
            self._was_visitors = visitors_next
            if line:
                line.popleft().release()


class _Part:
    """One piece of work in a shared transaction, and what came of it."""

    def __init__(self, work: Callable[[Any], Any], alike: Alike | None) -> None:
        self.work = work
        self.alike = alike
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self._turn = threading.Lock()
        self._turn.acquire()

    def wait(self) -> None:
        """Until it is done, or this thread is to lead."""
        self._turn.acquire()

    def wake(self) -> None:
        self._turn.release()

    def settle(self, result: Any = None, error: BaseException | None = None) -> None:
        self.result, self.error, self.is_done = result, error, True


class SharedCommit:
    """Collects pieces of work from many threads into one transaction after another.

    There is no thread of its own: whoever comes first does the work of all who came since.
    `begin` opens a writing transaction, which commits at its end.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Any]]) -> None:
        self._begin = begin
        self._guard = threading.Lock()
        self._queue: deque[_Part] = deque()
        self._is_led = False

    def run(self, work: Callable[[Any], Any], alike: Alike | None = None) -> Any:
        """Its result once it is committed; its error when it was rolled back, alone of all.

        `alike`: how it is done together with others of its kind that come at the same time.

        Raises errors.StoreBusy for all of them when the transaction cannot begin or commit.
        """
        [(result, error)] = self.run_all([(work, alike)])
        if error is not None:
            raise error
        return result

    def run_all(
        self, works: Sequence[tuple[Callable[[Any], Any], Alike | None]]
    ) -> list[tuple[Any, BaseException | None]]:
        """Several at once from one thread: result and error of each, one of them None."""
        parts = [_Part(work, alike) for work, alike in works]
        with self._guard:
            self._queue.extend(parts)
            leads, self._is_led = bool(parts) and not self._is_led, bool(parts) or self._is_led
        for part in parts:
            while not part.is_done:
                if not leads:
                    part.wait()  # it is done then, or first in the queue, and this thread leads
                leads = False
                if not part.is_done:
                    self._lead()
        return [(part.result, part.error) for part in parts]

    def _lead(self) -> None:
        taken: list[_Part] = []
        try:
            with self._begin() as tx:
                self._work(tx, taken)
        except BaseException as error:  # noqa: BLE001  told to each whose work is lost
            taken = taken or self._take_all()
            for part in taken:
                part.settle(error=_own(error))
        with self._guard:
            heir = self._queue[0] if self._queue else None
            self._is_led = heir is not None
        if heir is not None:
            heir.wake()
        for part in taken:
            part.wake()

    def _take_all(self) -> list[_Part]:
        with self._guard:
            taken = list(self._queue)
            self._queue.clear()
        return taken

    def _work(self, tx: Any, taken: list[_Part]) -> None:
        until = time.monotonic() + LONGEST_GROUP
        while len(taken) < LARGEST_GROUP and (not taken or time.monotonic() < until):
            with self._guard:
                parts = self._next_alike(LARGEST_GROUP - len(taken))
            if not parts:
                return
            taken.extend(parts)
            if len(parts) > 1:
                self._do_at_once(tx, parts)
                left = [part for part in parts if not part.is_done]
                for part in left:
                    part.alike = None
                    taken.remove(part)
                with self._guard:
                    self._queue.extendleft(reversed(left))
            else:
                self._do_alone(tx, parts[0])

    def _next_alike(self, most: int) -> list[_Part]:
        """The first in the queue, with those right behind it that can be done at once with it."""
        if not self._queue:
            return []
        parts = [self._queue.popleft()]
        kind = parts[0].alike
        while kind and self._queue and len(parts) < most:
            other = self._queue[0].alike
            if other is None or other.at_once is not kind.at_once or other.about is not kind.about:
                break
            parts.append(self._queue.popleft())
        return parts

    @staticmethod
    def _do_at_once(tx: Any, parts: Sequence[_Part]) -> None:
        """Those that are not done afterwards have to be done each by itself."""
        kinds = [part.alike for part in parts if part.alike is not None]
        driver = tx.connection.driver_connection
        results: Sequence[object] = [ALONE] * len(parts)
        try:
            with _pipelined(driver):
                driver.execute("SAVEPOINT part")
                if hasattr(driver, "pipeline"):  # psycopg's
                    driver.execute(BY_INDEX)
                results = kinds[0].at_once(kinds[0].about, tx, [kind.given for kind in kinds])
                driver.execute("RELEASE SAVEPOINT part")
        except Exception as error:  # each by itself says whose it was
            told = as_told(tx, "", error) if _is_drivers(tx, error) else error
            if _is_lost(tx):
                raise told from error
            if not isinstance(error, NotTogether):
                log.warning("not stored together", why=f"{type(error).__name__}: {error}")
            driver.execute("ROLLBACK TO SAVEPOINT part")
            driver.execute("RELEASE SAVEPOINT part")
            return
        for part, result in zip(parts, results, strict=True):
            if result is not ALONE:
                part.settle(result)

    @staticmethod
    def _do_alone(tx: Any, part: _Part) -> None:
        driver = tx.connection.driver_connection
        driver.execute("SAVEPOINT part")
        try:
            part.settle(part.work(tx))
        except BaseException as error:  # raised again in the thread it is from
            if _is_lost(tx):
                raise
            driver.execute("ROLLBACK TO SAVEPOINT part")
            part.settle(error=error)
        driver.execute("RELEASE SAVEPOINT part")


def _pipelined(driver: Any) -> AbstractContextManager[Any]:
    """Where the driver can, what nobody waits for goes to the server with what comes next."""
    pipeline = getattr(driver, "pipeline", None)
    made: AbstractContextManager[Any] = pipeline() if pipeline is not None else nullcontext()
    return made


def _is_drivers(tx: Any, error: Exception) -> bool:
    return isinstance(error, tx.dialect.loaded_dbapi.Error)


def _is_lost(tx: Any) -> bool:
    """Whether the database has rolled back the whole transaction by itself, as on a full disk, or
    the line to it is gone."""
    if tx.invalidated:  # asked for its connection, it would only raise another error
        return True
    driver = tx.connection.driver_connection
    return driver.closed if hasattr(driver, "closed") else not driver.in_transaction


def _own(error: BaseException) -> BaseException:
    """One for each thread: raised in several at once, an error would mix their traces."""
    return StoreBusy(str(error)) if isinstance(error, StoreBusy) else error
