"""Do the migrations make exactly the tables that the program uses, whoever runs them and how?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
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


def test_the_files_begin_with_their_revision_and_follow_each_other() -> None:
    """notifier/store/schema.py reads no more of them than their names."""
    oldest_first = reversed(list(script().walk_revisions()))
    below = None
    for one in oldest_first:
        assert Path(one.path).name.startswith(f"{one.revision}_")
        assert one.down_revision == below
        assert below is None or below < one.revision
        below = one.revision


def test_migrations_import_none_of_the_programs_code() -> None:
    # they must do in a year what they do today
    for revision in script().walk_revisions():
        for node in ast.walk(ast.parse(Path(revision.path).read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith("notifier") for name in names), revision.path


def test_migrated_tables_are_the_ones_the_program_uses(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def is_ours(_object: object, name: str | None, *_more: object) -> bool:
    """The queue's tables are Procrastinate's, and have no twins in store/tables."""
    return "procrastinate" not in str(name)


def test_the_queues_tables_are_those_of_the_installed_queue() -> None:
    # a newer one with other tables needs a migration of ours
    installed = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    ours = (migrations_folder() / "queue_3_10.sql").read_text(encoding="utf-8")
    assert ours.endswith(installed)


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


def test_messages_stay_as_they_are_while_their_keys_are_taken_and_given_back(
    database: Database,
) -> None:
    columns = "shop_id, kind, medium, channel, locale, priority, state, created_at, due_at"
    now = "'2026-01-02 03:04:05.000000'"
    with database.write() as tx:
        tx.execute(text(f"INSERT INTO shops (id, slug, created_at) VALUES (1, 'kettle', {now})"))
        tx.execute(
            text(
                f"INSERT INTO messages ({columns}) "
                f"VALUES (1, 'confirm', 'email', 'mail', 'en', 1, 'due', {now}, {now})"
            )
        )
    downgrade(database, to="0007")
    assert keys_and_messages(database) == (5, [("confirm", "due")])
    migrate(database)
    assert keys_and_messages(database) == (0, [("confirm", "due")])


def keys_and_messages(db: Database) -> tuple[int, list[tuple[str, str]]]:
    keys = inspect(db.engine).get_foreign_keys("messages")
    with db.read() as tx:
        if db.is_sqlite:
            assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        rows = tx.execute(text("SELECT kind, state FROM messages"))
        return len(keys), [(row.kind, row.state) for row in rows]


def test_going_back_to_nothing_leaves_nothing(database: Database) -> None:
    downgrade(database, to="base")
    left = set(inspect(database.engine).get_table_names())
    assert left == {"alembic_version"}
    if not database.is_sqlite:
        assert no_functions_and_types(database)
    migrate(database)
    assert is_current(database)


def no_functions_and_types(db: Database) -> bool:
    with db.read() as connection:
        counted = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace) + "
            "(SELECT count(*) FROM pg_type WHERE typname LIKE 'procrastinate%%')"
        )
        return counted.scalar_one() == 0


def url(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)
