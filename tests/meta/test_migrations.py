"""Do the migrations make exactly the tables that the program uses, whoever runs them and how?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from notifier.errors import ConfigError
from notifier.resources import migrations_folder
from notifier.store.schema import downgrade, is_current, migrate
from notifier.store.session import Database
from notifier.store.tables import metadata


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    """A database without any table."""
    db = Database(empty_database_url)
    yield db
    db.close()


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def test_there_is_one_newest_migration() -> None:
    assert len(script().get_heads()) == 1


def test_migrations_import_none_of_the_programs_code() -> None:
    # they must do in a year what they do today
    for revision in script().walk_revisions():
        for node in ast.walk(ast.parse(Path(revision.path).read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith("notifier") for name in names), revision.path


def test_migrated_tables_are_the_ones_the_program_uses(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_does_nothing(database: Database) -> None:
    assert is_current(database)
    assert migrate(database) == []


def test_two_programs_that_start_at_once_migrate_once(empty: Database) -> None:
    first, second = Database(url(empty)), Database(url(empty))
    with ThreadPoolExecutor(2) as pool:
        done = [task.result() for task in [pool.submit(migrate, db) for db in (first, second)]]
    first.close()
    second.close()
    assert sorted(map(len, done)) == [0, len(list(script().walk_revisions()))]
    assert is_current(empty)


def test_a_database_of_a_newer_program_is_refused_with_advice(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="newer notifier"):
        migrate(database)


def test_going_back_to_nothing_leaves_nothing(database: Database) -> None:
    downgrade(database, to="base")
    left = set(inspect(database.engine).get_table_names())
    assert left == {"alembic_version"}
    migrate(database)
    assert is_current(database)


def url(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)
