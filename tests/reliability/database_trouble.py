"""How is a database made to take nothing for a while, and is somebody writing to it now?"""

from __future__ import annotations

import os
import re
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tests.reliability.checker import Rows

# What hardly differs between them runs on the other one in `make soak` only.
SQLITE_FIRST = pytest.mark.parametrize(
    "engine_name", ["sqlite", pytest.param("postgres", marks=pytest.mark.soak)]
)


def plain_postgres(url: str) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", url)


@contextmanager
def writers_locked_out(url: str) -> Iterator[None]:
    """Another program holds the database: nobody can write what the outbox is made of."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(plain_postgres(url)) as other:
        other.execute("LOCK TABLE messages, attempts, leases IN EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def server_frozen(url: str) -> Iterator[None]:
    """A PostgreSQL of ours takes calls and says nothing, as a machine that stands still."""
    with closing(psycopg.connect(plain_postgres(url))) as line:
        status = Path(f"/proc/{line.info.backend_pid}/status").read_text()
    [first] = re.findall(r"^PPid:\s+(\d+)", status, re.M)
    rest = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    pids = [int(one) for one in (first, *rest)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def is_free_to_write(url: str) -> bool:
    """Whether nobody is in the middle of a writing transaction."""
    try:
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2)) as other:
                other.isolation_level = None
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            return True
        with psycopg.connect(plain_postgres(url)) as other:
            other.execute("LOCK TABLE messages, attempts, leases IN EXCLUSIVE MODE NOWAIT")
            other.rollback()
    except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
        return False
    return True


def hurry(url: str) -> None:
    """As if the pauses before second tries were over."""
    with closing(Rows(url)) as rows:
        rows.change("UPDATE messages SET due_at = created_at WHERE state = 'due'")


@contextmanager
def files_cannot_grow(pid: int) -> Iterator[None]:
    """What the system does to a process when its share of the disk is used up; no root needed."""
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (16_384, most))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
