"""How does each test get a fresh, migrated database in a few milliseconds?

One template a run, migrated once: a file to copy on SQLite, CREATE DATABASE … TEMPLATE on
PostgreSQL. The processes of one run share a folder, named by $NOTIFIER_TEST_RUN.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

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


class PostgresTemplate:
    """Clones of one migrated PostgreSQL database."""

    _numbers = count(1)

    def __init__(self, run_folder: Path, *, owner: int) -> None:
        self.run_folder = run_folder
        self.owner = owner

    @cached_property
    def server(self) -> URL:
        """Raises postgres.NoPostgres when there is none."""
        return make_url(postgres.server_url(self.run_folder, owner=self.owner))

    @cached_property
    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._plain("postgres"), autocommit=True)

    @cached_property
    def template(self) -> str:
        name = _template_name(self.run_folder)
        with postgres.locked(self.run_folder / "template.lock"):
            ready = self.run_folder / "postgres.template"
            if not ready.exists():
                self.admin.execute(f'CREATE DATABASE "{name}"')
                _migrate(self._plain(name))
                ready.touch()
        return name

    def clone(self) -> str:
        """A fresh migrated database; gives its URL."""
        # file_copy is the faster strategy for a small template on a server that never syncs.
        return self._create(f'TEMPLATE "{self.template}" STRATEGY file_copy')

    def create_empty(self) -> str:
        """A database without any table; gives its URL."""
        return self._create("")

    def _create(self, clause: str) -> str:
        name = f"{self.run_folder.name.replace('-', '_')}_{os.getpid()}_{next(self._numbers)}"
        self.admin.execute(f'CREATE DATABASE "{name}" {clause}')
        return self._plain(name)

    def drop(self, url: str) -> None:
        name = make_url(url).database
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _plain(self, name: str) -> str:
        """The URL of one database, as an operator would write it."""
        url = self.server.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


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
