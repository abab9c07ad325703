"""Where does each trial get a database that is filled like that of every other trial?

A database is filled once and copied for each trial: a file on SQLite, CREATE DATABASE … TEMPLATE
on PostgreSQL. A place is one of the two.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url

from notifier.store.schema import migrate
from notifier.store.session import Database


class Place(Protocol):
    """Makes databases. A URL that was given may be copied when nobody has it open."""

    name: str
    version: str

    def fresh(self) -> str:
        """The URL of a migrated database without rows; it stays until the end."""
        ...

    def copied(self, url: str) -> AbstractContextManager[str]:
        """A copy for one trial, gone afterwards."""
        ...


class SqlitePlace:
    """Databases as files in a folder. `migrated`: an empty one that is up to date already."""

    name = "sqlite"

    def __init__(self, folder: Path, *, migrated: Path | None = None) -> None:
        self.version = f"SQLite {sqlite3.sqlite_version}"
        self._folder = folder
        self._migrated = migrated
        self._numbers = count(1)

    def fresh(self) -> str:
        file = self._folder / f"seed-{next(self._numbers)}.db"
        if self._migrated is None:
            self._migrated = self._folder / "empty.db"
            _migrate(f"sqlite:///{self._migrated}")
            _fold_log(self._migrated)
        shutil.copyfile(self._migrated, file)
        return f"sqlite:///{file}"

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        seed = Path(make_url(url).database or "")
        _fold_log(seed)
        file = self._folder / f"trial-{next(self._numbers)}.db"
        shutil.copyfile(seed, file)
        with file.open("rb") as copy:
            os.fsync(copy.fileno())  # or the trial would pay for it
        yield f"sqlite:///{file}"
        for part in self._folder.glob(f"{file.name}*"):
            part.unlink()


def _fold_log(file: Path) -> None:
    """Without this the last pages may lie in the -wal file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class PostgresPlace:
    """Databases on one server. `server`: an admin URL, database `postgres`."""

    name = "postgres"

    def __init__(self, server: str, *, migrated: str = "") -> None:
        self._server = make_url(server).set(drivername="postgresql")
        self._migrated = migrated
        self._numbers = count(1)
        self._made: list[str] = []
        self._admin = psycopg.connect(self._url("postgres"), autocommit=True)
        self.version = f"PostgreSQL {self._show('server_version')} ({self._durability()})"

    def _durability(self) -> str:
        names = ("fsync", "synchronous_commit")
        return ", ".join(f"{name} {self._show(name)}" for name in names)

    def _show(self, name: str) -> str:
        row = self._admin.execute(f"SHOW {name}".encode()).fetchone()
        return str(row[0]).split()[0] if row else ""

    def fresh(self) -> str:
        if not self._migrated:
            self._migrated = self._create("")
            _migrate(self._url(self._migrated))
        return self._url(self._create(f'TEMPLATE "{self._migrated}"'))

    @contextmanager
    def copied(self, url: str) -> Iterator[str]:
        name = self._create(f'TEMPLATE "{make_url(url).database}"')
        self._admin.execute("CHECKPOINT")  # or the trial would pay for it
        yield self._url(name)
        self._drop(name)

    def close(self) -> None:
        """Leave nothing behind, should the server be somebody's."""
        for name in list(self._made):
            self._drop(name)
        self._admin.close()

    def _create(self, clause: str) -> str:
        name = f"notifier_bench_{os.getpid()}_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" {clause}'.encode())
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        self._made.remove(name)

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)


def _migrate(url: str) -> None:
    db = Database(url)
    try:
        migrate(db)
    finally:
        db.close()


def settle(url: str) -> None:
    """Give PostgreSQL's planner its numbers, as it gets them by itself after a while. SQLite gets
    none, here as there."""
    if url.startswith("sqlite"):
        return
    db = Database(url)
    try:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    finally:
        db.close()
