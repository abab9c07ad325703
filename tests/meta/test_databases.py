"""Does the test bed itself hold: fresh databases on both engines, and nothing left over?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from notifier.store.session import Database
from tests import databases, postgres
from tests.timing import SettableClock, wait_until

NEEDS_OWN_SERVER = pytest.mark.skipif(
    "TEST_POSTGRES_URL" in os.environ, reason="the server is not ours to kill"
)


def test_a_test_gets_a_migrated_database(database: Database) -> None:
    with database.write() as tx:
        assert tx.execute(text("SELECT count(*) FROM subscriptions")).scalar() == 0
        tx.execute(text("CREATE TABLE seen (id INTEGER)"))  # fails if another test left it


def test_the_next_test_does_not_see_what_the_last_one_wrote(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE seen (id INTEGER)"))


def test_what_a_thread_of_the_test_before_left_open_is_lent_to_nobody(
    sqlite_template: databases.SqliteTemplate, tmp_path: Path
) -> None:
    # given a test is over, and a thread of it writes once more
    opened, here = databases.OpenDatabases(), tmp_path / "one.db"
    with opened.lent(sqlite_template.copy_to(here)) as database:
        late = database
    with late.write() as tx:
        tx.execute(text("CREATE TABLE seen (id INTEGER)"))
    # when the next one begins with a file of its own at the same place
    for left in tmp_path.glob("one.db*"):
        left.unlink()
    # then it finds nothing of that
    with opened.lent(sqlite_template.copy_to(here)) as database, database.read() as tx:
        query = "SELECT count(*) FROM sqlite_master WHERE name = 'seen'"
        assert tx.execute(text(query)).scalar() == 0


def test_each_engine_is_the_one_it_says(database: Database, engine_name: str) -> None:
    assert {"sqlite": "sqlite", "postgres": "postgresql"}[engine_name] == (
        database.engine.dialect.name
    )


@pytest.fixture
def other_run() -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A test run's folder beside ours, and the process it belongs to."""
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(280)"])
    folder = Path(tempfile.mkdtemp(prefix=f"{databases.PREFIX}{owner.pid}-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder, owner
    owner.kill()
    owner.wait()
    postgres.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@NEEDS_OWN_SERVER
def test_a_killed_run_leaves_no_server_and_no_files(
    other_run: tuple[Path, subprocess.Popen[bytes]], postgres_template: object
) -> None:
    # given a run with a server
    folder, owner = other_run
    postgres.server_url(folder, owner=owner.pid)
    server = int((folder / "pg" / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    assert postgres.is_running(server)
    # when it is killed without a chance to clear up
    owner.kill()
    owner.wait()
    # then the guard does
    wait_until(lambda: not postgres.is_running(server))
    wait_until(lambda: not folder.exists())


def test_files_of_a_run_whose_guard_died_too_are_cleared_by_the_next(
    other_run: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    folder, owner = other_run
    (folder / "template.db").write_text("left over")
    databases.remove_abandoned()
    assert folder.exists()  # its owner still works
    owner.kill()
    owner.wait()
    databases.remove_abandoned()
    assert not folder.exists()


def test_waiting_for_what_never_comes_says_what_was_seen_last(clock: SettableClock) -> None:
    with pytest.raises(AssertionError, match="last answer was 0"):
        wait_until(lambda: 0, timeout=0.05)
