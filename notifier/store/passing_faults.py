"""Which faults of the database pass by themselves, so that it is worth asking again?

They are told by the SQLSTATE on PostgreSQL, and by the words where there is none: on SQLite, and
where the server cannot be reached.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from notifier.errors import StoreBusy
from notifier.store.room import Room

# 25006: a standby after a failover; 25P03: idle too long; 53: disk, memory or connections full
_SQLSTATES = (
    *("40001", "40P01", "55P03", "57P01", "57P02", "57P03", "57014"),
    *("08", "25006", "25P03", "53"),
)


@contextmanager
def translated(room: Room) -> Iterator[None]:
    """Turn what may pass by itself into StoreBusy; leave real faults as they are."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy("All database connections are in use. Try again shortly.") from error
    except DBAPIError as error:
        if _is_passing(error):
            room.note_refusal(error.orig)
            raise StoreBusy(f"The database cannot take this now: {error.orig}") from error
        raise


def as_translated(room: Room, error: BaseException) -> Exception:
    """What `translated` makes of it."""
    try:
        with translated(room):
            raise error
    except Exception as told:  # noqa: BLE001  it is raised where it is from
        return told


def _is_passing(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None and isinstance(error.orig, _server_gone()):
        return True  # psycopg's own words: no such host, refused, no answer
    if sqlstate:
        return str(sqlstate).startswith(_SQLSTATES)
    words = str(error.orig).lower()
    passing = ("locked", "disk is full", "readonly database", "unable to open", "disk i/o")
    refused = ("connection", "server closed", "timeout expired")
    return isinstance(error, OperationalError) and any(w in words for w in passing + refused)


def _server_gone() -> tuple[type[BaseException], ...]:
    """psycopg's OperationalError where psycopg is in use."""
    psycopg = sys.modules.get("psycopg")
    return (psycopg.OperationalError,) if psycopg else ()
