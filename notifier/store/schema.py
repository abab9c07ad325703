"""Is the database's schema the one this program needs, and how does it get there?

Alembic is loaded only where there is something to change: it would make every start longer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from notifier.errors import ConfigError, StoreBusy
from notifier.log import log
from notifier.resources import migrations_folder
from notifier.store.session import Database

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 7_031_994  # any fixed number; all processes must use the same
LOCK_WAIT = "2s"  # for a table in use: who waits for longer keeps everybody else waiting, too
LOCK_TRIES = 30
IN_THE_WAY = ("55P03", "40P01")  # PostgreSQL: lock not available, deadlock detected


def migrate(db: Database, *, to: str = "head") -> list[str]:
    """Bring the schema to `to`; returns the revisions applied, oldest first.

    Safe to call from several processes at once: one works, the others wait. Safe while the service
    runs: where a table cannot be had at once, all is rolled back and tried again.
    Raises errors.ConfigError when the database was made by a newer program.
    """
    for _ in range(LOCK_TRIES - 1):
        try:
            return _migrate_if_behind(db, to=to)
        except StoreBusy as error:  # of two programs that open a new SQLite file at once
            log.info("migration waits for another program", why=str(error))
        except OperationalError as error:
            if not _is_in_the_way(error):
                raise
        time.sleep(random.uniform(0.1, 0.5))
    return _migrate_if_behind(db, to=to)


def _migrate_if_behind(db: Database, *, to: str) -> list[str]:
    refuse_newer(db)
    if to == "head" and is_current(db):
        return []
    return _migrate_once(db, to=to)


def _is_in_the_way(error: OperationalError) -> bool:
    locked = "database is locked" in str(error.orig)
    return locked or getattr(error.orig, "sqlstate", None) in IN_THE_WAY


def _migrate_once(db: Database, *, to: str) -> list[str]:
    from alembic import command

    with db.engine.connect() as connection, _migration_lock(connection, db):
        before = _current(connection)
        command.upgrade(_config(connection), to)
        after = _current(connection)
        connection.commit()
    return [one for one in _known() if (before or "") < one <= (after or "")]


def downgrade(db: Database, *, to: str) -> None:
    """Take the schema back to revision `to` (`base`: to nothing)."""
    from alembic import command

    with db.engine.connect() as connection, _migration_lock(connection, db):
        command.downgrade(_config(connection), to)
        connection.commit()


def is_current(db: Database) -> bool:
    """True when every migration this program knows has run."""
    with db.read() as connection:
        return _current(connection) == _known()[-1]


def is_behind(db: Database) -> bool:
    """True while a migration that this program knows has not run.

    A newer schema is not behind: a program that runs already goes on while a newer one takes over
    machine by machine, since what it uses is taken away one release later at the earliest.
    """
    with db.read() as connection:
        revision = _current(connection)
    return revision is None or revision in _known()[:-1]


def refuse_newer(db: Database) -> None:
    """Raise errors.ConfigError when the schema is one this program does not know."""
    with db.read() as connection:
        revision = _current(connection)
    if revision is not None and revision not in _known():
        raise ConfigError(
            f"The database has schema {revision!r}, which this version does not know. "
            "It was made by a newer notifier: update the program, or restore an older backup."
        )


def _known() -> list[str]:
    """The revisions of this program, oldest first: the numbers that the files begin with."""
    return sorted(file.name[:4] for file in migrations_folder().glob("versions/[0-9]*.py"))


def _current(connection: Connection) -> str | None:
    """What Alembic has noted in its table."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _migration_lock(connection: Connection, db: Database) -> Iterator[None]:
    """One migration at a time. SQLite's write lock does it; PostgreSQL takes an advisory lock."""
    if db.is_sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # another may migrate for long
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
    yield
