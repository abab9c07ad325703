"""Ways in which a database takes nothing for a while."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg


def plain_postgres(url: str) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", url)


@contextmanager
def writers_locked_out(url: str) -> Iterator[None]:
    """Another program holds the database: nobody can write what the outbox is made of."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=10)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with psycopg.connect(plain_postgres(url)) as other:
        other.execute("LOCK TABLE messages, attempts, leases IN EXCLUSIVE MODE")
        yield
        other.rollback()
