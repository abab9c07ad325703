"""What does every test get: databases, a clock, the real files, a browser?"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

from notifier.rendering import draft_room
from notifier.store import connecting, session
from notifier.store.session import Database
from tests import browser as browsers
from tests import databases
from tests.browser_pages import Pages, SharedBrowser
from tests.left_behind import nothing_left_behind
from tests.postgres import NoPostgres
from tests.reliability import report
from tests.thinning import thin_out_rows
from tests.timing import SettableClock, wait_until

CHECKOUT = Path(__file__).parents[1]
ENGINES = ("sqlite", "postgres")
RUN_FOLDER = pytest.StashKey[Path]()
BROWSER = pytest.StashKey[SharedBrowser]()
# Here rows of a table differ in what they ask, not in the SQL.
ONLY_FIRST_ROW_ON_POSTGRES = tuple(CHECKOUT / "tests" / name for name in ("service", "web"))
# These start processes and wait for them: nobody wants such a test to be the last one running.
LONG = tuple(CHECKOUT / "tests" / name for name in ("e2e", "reliability"))

# A busy machine is not a slow program: no deadline per example. CI repeats the same examples.
settings.register_profile("here", deadline=None, max_examples=10)
settings.register_profile("ci", deadline=None, max_examples=10, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=500)
settings.load_profile("ci" if os.environ.get("CI") else "here")
# Nor is a draft or a visitor that has to wait for the processor. Tests of what happens to those who
# wait too long set what they need.
draft_room.WALL = timedelta(seconds=20)
connecting.VISITORS_WAIT = session.VISITORS_WAIT = 20.0


def pytest_configure(config: pytest.Config) -> None:
    for name in list(os.environ):
        # What the person has set for a running notifier must not steer the tests.
        if name.startswith("NOTIFIER__") or name == "NOTIFIER_CONFIG":
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Begun in the background. The programs that tests start would inherit it, deaf to Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Nothing outside is asked, so nothing outside is trusted: to read this machine's certificates
    # would take every client longer than most tests.
    os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull
    config.pluginmanager.register(report, "faults")
    config.pluginmanager.register(_LongFirst(), "long first")
    if report.is_soak(config):
        settings.load_profile("soak")
    config.stash[BROWSER] = SharedBrowser()
    if not hasattr(config, "workerinput"):
        config.stash[RUN_FOLDER] = databases.open_run()
        os.environ["NOTIFIER_TEST_OWNER"] = str(os.getpid())


def pytest_xdist_auto_num_workers() -> int:
    """For `-n logical`: two processes a CPU, because half of the time a test waits for others."""
    known = hasattr(os, "sched_getaffinity")  # a container may have fewer than the machine
    return 2 * (len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[BROWSER].end()
    folder = config.stash.get(RUN_FOLDER, None)
    if folder is not None:
        databases.close_run(folder)


@pytest.fixture(autouse=True)
def _as_it_was_found() -> Iterator[None]:
    """Tests share processes, in any order: what one leaves changed would be found by another."""
    with nothing_left_behind():
        yield


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """The folder that all processes of this test run share."""
    return Path(os.environ[databases.RUN])


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> databases.SqliteTemplate:
    return databases.SqliteTemplate(run_folder)


@pytest.fixture(scope="session")
def postgres_template(run_folder: Path) -> Iterator[databases.PostgresTemplate]:
    """Skips what needs PostgreSQL where there is none; under CI that is a failure."""
    template = databases.PostgresTemplate(run_folder, owner=int(os.environ["NOTIFIER_TEST_OWNER"]))
    try:
        assert template.server
    except NoPostgres as error:
        _skip_unless_ci(str(error))
    yield template
    template.close()


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """`sqlite` and `postgres` in turn: what asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test's own."""
    if engine_name == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        in_this_process = "database" in request.fixturenames
        yield template.renew() if in_this_process else template.copy_to(tmp_path / "notifier.db")
        return
    with request.getfixturevalue("postgres_template").lent() as url:
        yield url


@pytest.fixture(scope="session")
def open_databases() -> databases.OpenDatabases:
    return databases.OpenDatabases()


@pytest.fixture
def database(database_url: str, open_databases: databases.OpenDatabases) -> Iterator[Database]:
    """A fresh, migrated database of this test's own, open."""
    with open_databases.lent(database_url) as db:
        yield db


@pytest.fixture
def empty_database_url(
    engine_name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The URL of a database without any table, for tests of the migrations."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with request.getfixturevalue("postgres_template").lent_empty() as url:
        yield url


@pytest.fixture
def clock() -> SettableClock:
    """A clock that stands at 2026-12-01T10:00:00+00:00 until the test moves it."""
    return SettableClock()


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture(scope="session")
def fixtures_dir() -> Path:
    """Feeds and pages of real shops: $NOTIFIER_FIXTURES, else ../shared/fixtures."""
    folder = Path(os.environ.get("NOTIFIER_FIXTURES", CHECKOUT.parent / "shared" / "fixtures"))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set NOTIFIER_FIXTURES to the collected feeds and pages")
    return folder


@pytest.fixture
def browser_pages(request: pytest.FixtureRequest) -> Pages:
    """The pages of a headless Chromium that lives as long as tests of a browser follow."""
    if browsers.is_unwanted():
        _skip_unless_ci("NOTIFIER_BROWSER=none")
    path = browsers.find_browser()
    if path is None:
        pytest.fail(browsers.ADVICE)
    return request.config.stash[BROWSER].pages(path)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays to the end: nobody looks through it for garbage, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """`make soak` runs every property too, with many more examples."""
    if report.is_soak(item.config) and is_hypothesis_test(getattr(item, "obj", None)):
        item.add_marker(pytest.mark.soak)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a table of requests only the first row may meet PostgreSQL, the others SQLite; of one with
    `every_third`, every third is run. `make soak` runs the rest, on PostgreSQL too."""
    thin_out_rows(item for item in items if item.get_closest_marker("every_third"))
    for item in items:
        if _is_within(item.path, ONLY_FIRST_ROW_ON_POSTGRES) and _is_later_row_on_postgres(item):
            item.add_marker(pytest.mark.soak)


def _is_later_row_on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    if call is None or call.params.get("engine_name") != "postgres":
        return False
    return any(index for name, index in call.indices.items() if name != "engine_name")


class _LongFirst:
    """Puts the tests in order after all others that shuffle them."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What lasts longest is begun first. Then tests of a browser, together: they share it.
        Then the others that start processes."""

        def place(item: pytest.Item) -> tuple[int, float]:
            marker = item.get_closest_marker("lasts")
            if marker is not None:
                return (0, -marker.args[0])
            return (1, 0) if _needs_browser(item) else (3 - _is_within(item.path, LONG), 0)

        items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    try:
        return (yield)
    finally:
        if nextitem is None or not _needs_browser(nextitem):
            item.config.stash[BROWSER].end()


@cache
def _is_within(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(folder in path.parents for folder in folders)


def _needs_browser(item: pytest.Item) -> bool:
    return "browser_pages" in getattr(item, "fixturenames", ())


def _skip_unless_ci(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
