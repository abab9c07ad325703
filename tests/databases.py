"""How does each test get a fresh, migrated database in a few milliseconds?

One template a run, migrated once: a file to copy on SQLite, CREATE DATABASE … TEMPLATE on
PostgreSQL. The processes of one run share a folder, named by $NOTIFIER_TEST_RUN.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, event, make_url

from notifier.store.session import Database
from tests import postgres

RUN = "NOTIFIER_TEST_RUN"
PREFIX = "notifier-tests-"


def open_run() -> Path:
    """Make this run's folder, after clearing those of runs that were killed."""
    remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=_base()))
    folder.chmod(0o711)  # the server's user must be able to pass through
    os.environ[RUN] = str(folder)
    return folder


def remove_abandoned() -> None:
    """Clear the folders of runs that no longer exist."""
    for old in _base().glob(f"{PREFIX}*"):
        _remove_if_abandoned(old)


def _base() -> Path:
    """A short path: a socket's name must fit into 100 characters or so."""
    return Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())


def close_run(folder: Path) -> None:
    """Stop what the run started and remove its files."""
    _drop_shared_template(folder)
    postgres.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(RUN, None)


def _remove_if_abandoned(folder: Path) -> None:
    owner = folder.name.removeprefix(PREFIX).split("-")[0]
    if not owner.isdigit() or postgres.is_running(int(owner)):
        return
    try:
        if folder.stat().st_uid != os.geteuid():
            return
    except FileNotFoundError:  # another run was faster
        return
    postgres.remove_leftovers(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _drop_shared_template(folder: Path) -> None:
    """On a server that is not ours the template would stay for ever."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given and (folder / "postgres.template").exists():
        with psycopg.connect(given, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{_template_name(folder)}" WITH (FORCE)')


def _template_name(folder: Path) -> str:
    return folder.name.replace("-", "_") + "_template"


class SqliteTemplate:
    """Copies of one migrated SQLite file."""

    def __init__(self, run_folder: Path) -> None:
        self.run_folder = run_folder

    @cached_property
    def file(self) -> Path:
        ready = self.run_folder / "template.db"
        with postgres.locked(self.run_folder / "sqlite.lock"):
            if not ready.exists():
                draft = self.run_folder / "draft.db"
                _migrate(f"sqlite:///{draft}")
                draft.rename(ready)
        return ready

    def copy_to(self, target: Path) -> str:
        """A fresh database at `target`; gives its URL."""
        shutil.copyfile(self.file, target)
        return f"sqlite:///{target}"

    def renew(self) -> str:
        """This process's own file, made fresh: always the same URL."""
        target = self.run_folder / f"process-{os.getpid()}.db"
        for left in target.parent.glob(f"{target.name}*"):
            left.unlink()
        return self.copy_to(target)


class PostgresTemplate:
    """Clones of one migrated PostgreSQL database.

    A clone costs 50 ms, so one that a test gave back is emptied (3 ms) and lent again.
    """

    _numbers = count(1)

    def __init__(self, run_folder: Path, *, owner: int) -> None:
        self.run_folder = run_folder
        self.owner = owner
        self._spare: Clone | None = None

    @cached_property
    def server(self) -> URL:
        """Raises postgres.NoPostgres when there is none."""
        return make_url(postgres.server_url(self.run_folder, owner=self.owner))

    @cached_property
    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url("postgres"), autocommit=True)

    @cached_property
    def template(self) -> str:
        name = _template_name(self.run_folder)
        with postgres.locked(self.run_folder / "template.lock"):
            ready = self.run_folder / "postgres.template"
            if not ready.exists():
                self.admin.execute(f'CREATE DATABASE "{name}"')
                _migrate(self._url(name))
                ready.touch()
        return name

    @contextmanager
    def lent(self) -> Iterator[str]:
        """A fresh migrated database, by its URL."""
        clone = self._spare or Clone(self._create(f'TEMPLATE "{self.template}"'))
        self._spare = None
        yield clone.url
        if clone.empty():
            self._spare = clone
        else:
            clone.connection.close()
            self._drop(clone.url)

    @contextmanager
    def lent_empty(self) -> Iterator[str]:
        """A database without any table, by its URL."""
        url = self._create("")
        yield url
        self._drop(url)

    def close(self) -> None:
        """Give everything back; a server that is not ours keeps nothing."""
        if self._spare:
            self._spare.connection.close()
            self._drop(self._spare.url)
        if "admin" in self.__dict__:
            self.admin.close()

    def _create(self, clause: str) -> str:
        name = f"{self.run_folder.name.replace('-', '_')}_{os.getpid()}_{next(self._numbers)}"
        self.admin.execute(f'CREATE DATABASE "{name}" {clause}')
        return self._url(name)

    def _drop(self, url: str) -> None:
        name = make_url(url).database
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _url(self, name: str) -> str:
        """The URL of one database, as an operator would write it."""
        url = self.server.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


class OpenDatabases:
    """Keeps the Database of each engine from test to test, so that what SQLAlchemy has made of a
    statement once is there for the next test too.

    On PostgreSQL the connections stay as well: a new one costs 10 ms until it knows the tables.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Database]] = {}

    @contextmanager
    def lent(self, url: str) -> Iterator[Database]:
        """The Database at `url`. No transaction is open in it before and after."""
        engine = url.partition(":")[0]
        kept_url, db = self._kept.get(engine, ("", None))
        if db is None or kept_url != url:
            if db is not None:
                db.close()
            db = Database(url)
            if db.is_sqlite:
                event.listen(db.engine, "connect", _skip_syncing)
            self._kept[engine] = (url, db)
        elif db.is_sqlite:
            # A thread that outlived the test before may have opened its file once more: that file
            # is gone, and who got this connection would find rows of another test.
            db.close()
        yield db
        if db.is_sqlite:
            db.close()


def _skip_syncing(connection: Any, _record: Any) -> None:
    """Nothing in a test database has to outlive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


class Clone:
    """One cloned database, and whether it can be made as new."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        tables = [row[0] for row in self.connection.execute(TABLES)]
        filled = [t for t in tables if self.connection.execute(f'SELECT 1 FROM "{t}"').fetchone()]
        # Rows that a migration put in could not be told from a test's: then it is used once only.
        self.can_be_emptied = not filled and self._try("SET session_replication_role = replica")
        self.deletes = ";".join(f'DELETE FROM "{table}"' for table in tables)
        self.shape = self._shape()

    def empty(self) -> bool:
        """Remove a test's rows. False when it changed more than rows, or left very many."""
        if not self.can_be_emptied or self.connection.closed:
            return False
        self.connection.execute(CUT_OFF_OTHERS)  # what a test left open holds locks
        if self._shape() != self.shape:
            return False
        self.connection.execute(self.deletes)
        self.connection.execute(RESTART_NUMBERS)
        size = self.connection.execute(BYTES).fetchone()
        return size is not None and size < (8_000_000,)

    def _shape(self) -> object:
        return self.connection.execute(SHAPE).fetchone()

    def _try(self, statement: str) -> bool:
        try:
            self.connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True


TABLES = """SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename"""
SHAPE = """SELECT count(*), max(oid), max(relfilenode), sum(relnatts),
        (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger),
        (SELECT count(*) FROM pg_proc), (SELECT version_num FROM alembic_version)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace"""
BYTES = """SELECT coalesce(sum(pg_relation_size(oid)), 0) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""
# All that are at work, and the idle ones too when a test left many.
CUT_OFF_OTHERS = """WITH others AS (
        SELECT pid, state, count(*) OVER () AS many FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid())
    SELECT pg_terminate_backend(pid) FROM others WHERE state <> 'idle' OR many > 20"""
RESTART_NUMBERS = """SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL"""


def _migrate(url: str) -> None:
    from notifier.store.schema import migrate  # Alembic: only for those who ask for a database

    db = Database(url)
    try:
        migrate(db)
        if db.is_sqlite:
            with db.engine.connect() as connection:
                # One file to copy: without this the last pages may still lie in the -wal file.
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()
