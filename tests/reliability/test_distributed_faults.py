"""The database goes and comes, and machines die, while several machines send.

Each process has its own data_dir, so what a dead sender noted is known on its machine only.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from notifier.store.schema import migrate
from notifier.store.session import Database
from tests import postgres
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.tcp_proxy import Cut, TcpProxy
from tests.reliability.checker import check, unfinished
from tests.reliability.database_trouble import server_frozen
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed, write_config
from tests.reliability.test_distributed_machines import Machine, copies, machine
from tests.timing import wait_until

MAILS = 60


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer(delay=0.02) as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[str]:
    """The URL of a migrated database on a PostgreSQL that nobody else uses."""
    if os.environ.get("TEST_POSTGRES_URL"):
        pytest.skip("TEST_POSTGRES_URL names a server that is not ours to crash")
    if postgres.find_binaries() is None:
        pytest.skip("no PostgreSQL here")
    folder = Path(tempfile.mkdtemp(prefix=f"notifier-tests-{os.getpid()}-", dir="/tmp"))
    folder.chmod(0o711)  # the server's user must be able to pass through
    try:
        url = postgres.server_url(folder, owner=os.getpid())
        with closing(psycopg.connect(url, autocommit=True)) as admin:
            admin.execute("CREATE DATABASE shop")
            # as it comes; without it a crash takes back what was committed
            admin.execute("ALTER DATABASE shop SET synchronous_commit = on")
        mine = make_url(url).set(database="shop", drivername="postgresql")
        db = Database(mine.render_as_string(hide_password=False))
        migrate(db)
        db.close()
        yield mine.render_as_string(hide_password=False)
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def distributed(folder: Path, *, url: str, smtp: SmtpServer, lease: str = "20s") -> Path:
    path = write_config(
        folder, database_url=url, smtp_port=smtp.port, connections=1, batch=10, lease=lease
    )
    words = path.read_text()
    path.write_text(words.replace("[service]", '[service]\nengine = "distributed"', 1))
    return path


def start(config: Path, make_fleet: Callable[[Path], Fleet]) -> list[Machine]:
    machines = [machine(word, config, make_fleet) for word in ("worker", "worker", "scheduler")]
    for one in machines:
        one.start()
    return machines


def crash(url: str) -> None:
    """Kill one of the server's processes: it throws everybody out and recovers from its log."""
    with closing(psycopg.connect(url)) as victim:
        pid = victim.info.backend_pid
        os.kill(pid, signal.SIGKILL)


@pytest.mark.soak
@pytest.mark.fault("FI-35")
def test_programs_whose_database_says_nothing_end_all_the_same(
    tmp_path: Path, make_fleet: Callable[[Path], Fleet], smtp: SmtpServer, own_server: str
) -> None:
    """Of both engines; 25 seconds for what is under way, 30 at most."""
    config = distributed(tmp_path, url=own_server, smtp=smtp)
    seed(config, mails=MAILS).db.close()
    machines = start(config, make_fleet)
    config.write_text(config.read_text().replace('engine = "distributed"', 'engine = "embedded"'))
    machines += start(config, make_fleet)
    machines.append(machine("web", config, make_fleet))
    machines[-1].start()
    smtp.wait_for(5, timeout=30)
    programs = [one.program.running for one in machines if one.program is not None]
    with server_frozen(own_server):
        time.sleep(1)  # so that some of them wait for an answer
        for one in programs:
            one.terminate()
        until = time.monotonic() + 36
        for one in programs:
            one.join(max(0.0, until - time.monotonic()))
        said = [one.program.said for one in machines if one.program and one.program.is_alive]
        assert said == []
    assert {one.exitcode for one in programs} <= {0, 1}
    for one in start(config, make_fleet):  # whoever comes next finds all of it
        assert one.program is not None
    wait_until(lambda: unfinished(own_server) == 0, 60)
    assert check(own_server, copies(smtp), kills=6, in_flight=2).problems == []


@pytest.mark.soak
@pytest.mark.fault("FI-35")
def test_a_database_that_crashes_twice_loses_no_message_and_sends_none_twice(
    tmp_path: Path, make_fleet: Callable[[Path], Fleet], smtp: SmtpServer, own_server: str
) -> None:
    config = distributed(tmp_path, url=own_server, smtp=smtp)
    seed(config, mails=MAILS, announced=False).db.close()
    machines = start(config, make_fleet)
    for so_many in (15, 40):
        smtp.wait_for(so_many, timeout=30)
        crash(own_server)
    smtp.wait_for(MAILS, timeout=60)
    wait_until(lambda: unfinished(own_server) == 0, 30)
    for one in machines:
        assert one.stop() == 0
    assert check(own_server, copies(smtp), kills=0, in_flight=0).problems == []


@pytest.mark.fault("FI-35")
@pytest.mark.parametrize("engine_name", ["postgres"])
def test_commits_that_are_cut_off_before_or_after_they_count_lose_and_double_nothing(
    tmp_path: Path, make_fleet: Callable[[Path], Fleet], smtp: SmtpServer, database_url: str
) -> None:
    url = make_url(database_url)
    host = str(url.query.get("host") or url.host)
    port = url.port or 5432
    target = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
    with ExitStack() as stack:
        line = stack.enter_context(TcpProxy(target))
        through = url.set(query={}, host="127.0.0.1", port=line.port)
        through_url = through.render_as_string(hide_password=False)
        config = distributed(tmp_path, url=through_url, smtp=smtp)
        seed(config, mails=MAILS, announced=False).db.close()
        machines = start(config, make_fleet)
        for number in range(8):
            smtp.wait_for(5 + 6 * number, timeout=60)
            line.misbehave(Cut(up=b"COMMIT", forward=bool(number % 2), times=1))
        smtp.wait_for(MAILS, timeout=60)
        line.behave()
        wait_until(lambda: unfinished(database_url) == 0, 30)
        for one in machines:
            assert one.stop() == 0
    assert line.cuts >= 6
    assert check(database_url, copies(smtp), kills=0, in_flight=0).problems == []


@pytest.mark.soak
@pytest.mark.fault("kills")
@pytest.mark.parametrize("engine_name", ["postgres"])
def test_machines_that_die_are_replaced_and_cost_no_more_than_what_they_had_in_hand(
    tmp_path: Path, make_fleet: Callable[[Path], Fleet], smtp: SmtpServer, database_url: str
) -> None:
    """Workers and schedulers in turn. All come back, and one of them on another machine: of what it
    had in hand nobody knows how far it was, so that it counts as its first copy. Had a second one
    taken its notes with it, some might have counted twice and never been sent (decision 0005)."""
    config = distributed(tmp_path, url=database_url, smtp=smtp, lease="15s")
    seed(config, mails=MAILS, announced=False).db.close()
    machines = start(config, make_fleet)
    killed = 0
    for number in range(6):
        smtp.wait_for(5 + 8 * number, timeout=60)
        at = number % len(machines)
        one = machines[at]
        assert one.program is not None
        one.fleet.kill(one.program)
        killed += one.command == "worker"
        if number == 3:
            machines[at] = machine(one.command, config, make_fleet)
        machines[at].start()
    smtp.wait_for(MAILS, timeout=60)
    wait_until(lambda: unfinished(database_url) == 0, 60)
    for one in machines:
        assert one.stop() == 0
    # a batch is ten
    verdict = check(database_url, copies(smtp), kills=killed, in_flight=10)
    assert verdict.problems == []
