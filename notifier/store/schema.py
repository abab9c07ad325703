"""Is the database's schema the one this program needs, and how does it get there?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from notifier.errors import ConfigError
from notifier.resources import migrations_folder
from notifier.store.session import Database

MIGRATION_LOCK = 7_031_994  # any fixed number; all processes must use the same


def migrate(db: Database, *, to: str = "head") -> list[str]:
    """Bring the schema to `to`; returns the revisions applied, oldest first.

    Safe to call from several processes at once: one works, the others wait.
    Raises errors.ConfigError when the database was made by a newer program.
    """
    refuse_newer(db)
    with db.engine.connect() as connection, _migration_lock(connection, db):
        before = _current(connection)
        command.upgrade(_config(connection), to)
        after = _current(connection)
        connection.commit()
    script = ScriptDirectory.from_config(_config(None))
    if before == after:
        return []
    return [r.revision for r in reversed(list(script.iterate_revisions(after, before)))]


def downgrade(db: Database, *, to: str) -> None:
    """Take the schema back to revision `to` (`base`: to nothing)."""
    with db.engine.connect() as connection, _migration_lock(connection, db):
        command.downgrade(_config(connection), to)
        connection.commit()


def is_current(db: Database) -> bool:
    """True when every migration this program knows has run."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    with db.read() as connection:
        return _current(connection) == head


def refuse_newer(db: Database) -> None:
    """Raise errors.ConfigError when the schema is one this program does not know."""
    with db.read() as connection:
        revision = _current(connection)
    if revision is None:
        return
    known = {r.revision for r in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if revision not in known:
        raise ConfigError(
            f"The database has schema {revision!r}, which this version does not know. "
            "It was made by a newer notifier: update the program, or restore an older backup."
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    folder: Path = migrations_folder()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _migration_lock(connection: Connection, db: Database) -> Iterator[None]:
    """One migration at a time. SQLite's write lock does it; PostgreSQL takes an advisory lock."""
    if db.is_sqlite:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
    yield
