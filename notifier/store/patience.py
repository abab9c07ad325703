"""How long may somebody wait for the database before he is told to come again?

A job may wait; a person in front of a page may not. Who serves people says so once, and every
wait for a connection, a lock or an answer in that thread is cut short. Who computes on and on, as
a sender does, makes way for them: of the threads of a process one computes at a time.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

JOBS_WAIT = 10.0  # seconds a job waits for a lock
VISITORS_WAIT = 2.5  # seconds somebody in front of a browser does
LONGEST_WAY = 0.1  # seconds a job stands aside at a time,
WAY = 3.0  # and so many times as long as it has worked

_patience: ContextVar[float | None] = ContextVar("patience", default=None)


class _People:
    """How many threads of this process do what a person waits for."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def come(self) -> None:
        with self._changed:
            self.count += 1

    def go(self) -> None:
        with self._changed:
            self.count -= 1
            if not self.count:
                self._changed.notify_all()

    def wait_until_served(self, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self.count, timeout)


_people = _People()
_own = threading.local()  # `since`: when this thread went on with its work


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """In this thread, no single wait for the database takes longer."""
    token = _patience.set(seconds)
    _people.come()
    try:
        yield
    finally:
        _people.go()
        _patience.reset(token)


def lock_wait() -> float:
    """Seconds to wait for a lock here."""
    return _patience.get() or JOBS_WAIT


def somebody_waits() -> bool:
    """Whether a person waits for what this thread does."""
    return _patience.get() is not None


def make_way(most: float = LONGEST_WAY) -> None:
    """Let people be served before this thread goes on with its work.

    It stands aside three times as long as it has worked since the last time, so a quarter of its
    time is its own however many come, and for `most` seconds at most. Hold no lock meanwhile.
    """
    if _people.count and not somebody_waits():
        worked = time.monotonic() - getattr(_own, "since", -math.inf)
        _people.wait_until_served(min(WAY * worked, most))
    _own.since = time.monotonic()


@cache
def patient_connection() -> Any:
    """psycopg's connection, which gives up on a server that took the question and says nothing.

    No timeout of the server's own helps there: a stopped machine keeps none.
    """
    import psycopg

    class PatientConnection(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            limit = _patience.get()
            if limit is None or timeout is not None:
                return super().wait(gen, interval, timeout)
            began = time.monotonic()
            try:
                return super().wait(gen, interval, limit)
            except psycopg.OperationalError as error:
                if time.monotonic() - began < limit:
                    raise
                self.pgconn.finish()  # what comes later would answer another question
                raise psycopg.OperationalError(
                    f"timeout expired: the server did not answer within {limit:g} s"
                ) from error

    return PatientConnection
