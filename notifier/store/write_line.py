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
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from notifier.errors import StoreBusy

LONGEST_GROUP = 0.02  # seconds of work in one shared transaction; others wait for it
LARGEST_GROUP = 64


class WriteLine:
    """A lock that is handed on in the order of asking."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, timeout: float) -> bool:
        """False when it was not our turn within `timeout` seconds."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=timeout):
            return True
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # handed to us in the last moment

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class _Part:
    """One piece of work in a shared transaction, and what came of it."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
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

    def run(self, work: Callable[[Any], Any]) -> Any:
        """Its result once it is committed; its error when it was rolled back, alone of all.

        Raises errors.StoreBusy for all of them when the transaction cannot begin or commit.
        """
        part = _Part(work)
        with self._guard:
            self._queue.append(part)
            leads, self._is_led = not self._is_led, True
        if not leads:
            part.wait()
        if not part.is_done:
            self._lead()
        if part.error is not None:
            raise part.error
        return part.result

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
        driver = tx.connection.driver_connection
        while len(taken) < LARGEST_GROUP and (not taken or time.monotonic() < until):
            with self._guard:
                if not self._queue:
                    return
                part = self._queue.popleft()
            taken.append(part)
            driver.execute("SAVEPOINT part")
            try:
                part.settle(part.work(tx))
            except BaseException as error:  # raised again in the thread it is from
                if _is_lost(tx):
                    raise
                driver.execute("ROLLBACK TO SAVEPOINT part")
                part.settle(error=error)
            driver.execute("RELEASE SAVEPOINT part")


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
