"""How long may somebody wait for the database before he is told to come again?

A job may wait; a person in front of a page may not. Who serves people says so once, and every
wait for a connection, a lock or an answer in that thread is cut short.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

JOBS_WAIT = 10.0  # seconds a job waits for a lock
VISITORS_WAIT = 2.5  # seconds somebody in front of a browser does

_patience: ContextVar[float | None] = ContextVar("patience", default=None)


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """In this thread, no single wait for the database takes longer."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def lock_wait() -> float:
    """Seconds to wait for a lock here."""
    return _patience.get() or JOBS_WAIT


def somebody_waits() -> bool:
    """Whether a person waits for what this thread does."""
    return _patience.get() is not None


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
