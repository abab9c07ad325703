"""What happens to real processes that are told to stop, that freeze, or that lead and die?"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.smtp_server import Fault, SmtpServer
from tests.ports import free_port
from tests.reliability.checker import Rows, check, unfinished
from tests.reliability.database_trouble import SQLITE_FIRST, is_free_to_write
from tests.reliability.fleet import Fleet, Program
from tests.reliability.seeding import see, seed
from tests.timing import wait_until

MAILS = 40


@pytest.fixture
def smtp() -> object:
    """A server that takes its time: 40 ms a mail."""
    with SmtpServer(delay=0.04) as server:
        yield server


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


@SQLITE_FIRST
def test_sigterm_in_mid_send_ends_with_0_and_the_next_worker_goes_on_at_once(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    config = configure(connections=1, batch=MAILS, lease="90s")
    seed(config, mails=MAILS).db.close()
    fleet = make_fleet(config)
    smtp.hold_at(5)
    worker = fleet.start()
    smtp.wait_for(5)
    worker.running.terminate()
    smtp.go_on()
    assert fleet.ended(worker) == 0
    sent = len(smtp.messages)
    assert sent < MAILS
    with closing(Rows(database_url)) as rows:
        assert rows("SELECT id FROM messages WHERE state = 'sending'") == []
        [told] = rows("SELECT count(*) AS n FROM subscriptions WHERE state = 'told'")
    assert told["n"] == sent
    fleet.start(wait=True)
    smtp.wait_for(sent + 1)  # no lease of a minute and a half to wait for
    wait_until(lambda: unfinished(database_url) == 0)
    assert check(database_url, _copies(smtp), kills=0, in_flight=0).problems == []


@pytest.mark.parametrize("command", ["worker", "scheduler", "web", "run"])
@SQLITE_FIRST
def test_a_signal_that_any_of_its_threads_gets_stops_the_program(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    command: str,
    engine_name: str,
) -> None:
    """The busier the machine, the more often that is not the main one, the only one in which
    Python runs a handler: workers once went on for ever."""
    config = configure()
    lines = f'[service]\nlisten = "127.0.0.1:{free_port()}"\n'
    if engine_name == "postgres":
        lines += 'engine = "distributed"\n'
    config.write_text(config.read_text().replace("[service]\n", lines, 1))
    seed(config, mails=5).db.close()
    program = make_fleet(config).start(command, wait=True)
    threads = [int(one.name) for one in Path(f"/proc/{program.pid}/task").iterdir()]
    ctypes.CDLL(None).tgkill(program.pid, max(threads), signal.SIGTERM)
    program.running.join(60)
    assert program.running.exitcode == 0, program.said[-3000:]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_console_command_stops_as_cleanly(
    configure: Callable[..., Path], smtp: SmtpServer, database_url: str
) -> None:
    config = configure(connections=1, batch=MAILS)
    seed(config, mails=MAILS).db.close()
    smtp.hold_at(5)
    program = Path(sys.executable).with_name("notifier")
    worker = subprocess.Popen([program, "--config", config, "worker"], stderr=subprocess.DEVNULL)
    try:
        smtp.wait_for(5, timeout=60)
        worker.terminate()
        smtp.go_on()
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
    assert not any((config.parent / "var" / "journal").iterdir())
    with closing(Rows(database_url)) as rows:
        [told] = rows("SELECT count(*) AS n FROM subscriptions WHERE state = 'told'")
    assert told["n"] == len(smtp.messages) < MAILS


@pytest.mark.fault("FI-5")
@SQLITE_FIRST
def test_a_frozen_worker_is_replaced_and_does_no_harm_when_it_wakes(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
) -> None:
    """trust FI-5: frozen for longer than its lease, then woken."""
    config = configure(connections=1, batch=MAILS, lease="4s", unknown_after="0.2s")
    env = seed(config, mails=MAILS)
    fleet = make_fleet(config)
    is_awake = threading.Event()
    smtp.misbehave(Fault(at="dot", message=6, until=is_awake))
    zombie = fleet.start()
    smtp.wait_for(6, timeout=60)
    wait_until(lambda: unfinished(database_url) == MAILS - 5)  # it waits for the answer, no more
    _freeze_between_transactions(fleet, zombie, database_url)
    time.sleep(4.1)  # its lease runs out; nothing else can be waited for
    other = fleet.start()
    wait_until(lambda: unfinished(database_url) == 0)
    fleet.thaw(zombie)
    is_awake.set()
    wait_until(lambda: "messages given back" in zombie.said)
    verdict = check(database_url, _copies(smtp), kills=1, in_flight=1)
    assert verdict.problems == []
    assert fleet.stop(other) == 0
    with env.db.write() as tx:  # the woken one works on: one more person asks to be told
        tx.exec_driver_sql("UPDATE messages SET state = 'due', finished_at = NULL WHERE id = 1")
        tx.exec_driver_sql("UPDATE subscriptions SET state = 'waiting' WHERE id = 1")
    wait_until(lambda: unfinished(database_url) == 0)
    assert fleet.stop(zombie) == 0
    env.db.close()


def _freeze_between_transactions(fleet: Fleet, worker: Program, url: str) -> None:
    """Who freezes while it writes keeps others from writing until it wakes; not meant here."""

    def has_frozen() -> bool:
        fleet.freeze(worker)
        if is_free_to_write(url):
            return True
        fleet.thaw(worker)
        return False

    wait_until(has_frozen)


def _leader(fleet: Fleet) -> Program:
    """The one that leads, as soon as there is only one: whose lease ran out on a busy machine says
    so a little after the other is elected."""

    def alone() -> Program | None:
        leaders = [one for one in fleet.alive if _leads(one)]
        return leaders[0] if len(leaders) == 1 else None

    return wait_until(alone)


def _leads(program: Program) -> bool:
    return program.said.rfind("leader elected") > program.said.rfind("leader lost")


@pytest.mark.fault("FI-3")
@pytest.mark.parametrize("lease", [2, pytest.param(10, marks=pytest.mark.soak)])
@pytest.mark.parametrize("ends", ["stopped", "killed"])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_of_two_schedulers_one_leads_and_the_other_follows(
    configure: Callable[..., Path],
    make_fleet: Callable[..., Fleet],
    database_url: str,
    ends: str,
    lease: int,
) -> None:
    """A stopped leader lets go at once, a killed one when its lease is over: ten seconds, unless
    the test makes it shorter."""
    config = configure()
    env = seed(config, mails=700, announced=False)
    fleet = make_fleet(config, leader_lease=timedelta(seconds=lease))
    for _ in range(2):
        fleet.start("scheduler", wait=True)
    leader = _leader(fleet)
    [follower] = [one for one in fleet.alive if one is not leader]
    if ends == "killed":
        fleet.kill(leader)
    else:
        assert fleet.stop(leader) == 0
    see(env, 0)
    see(env, 100_000)
    began = time.monotonic()
    wait_until(lambda: _leads(follower))
    if lease > 2:  # with less a busy machine makes more of a difference
        assert time.monotonic() - began < (lease if ends == "killed" else lease / 3) + 5
    wait_until(lambda: not _open_releases(database_url))
    with closing(Rows(database_url)) as rows:
        [made] = rows(
            "SELECT count(*) AS n, count(DISTINCT subscription_id) AS people FROM messages"
        )
        waves = rows("SELECT release_id, number FROM waves")
    assert made == {"n": 700, "people": 700}
    assert len(waves) == len({wave["release_id"] for wave in waves}) == 1
    env.db.close()


def _open_releases(url: str) -> bool:
    with closing(Rows(url)) as rows:
        done = rows("SELECT id FROM releases WHERE state = 'done'")
        return not done or bool(rows("SELECT id FROM releases WHERE state = 'running'"))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_source_that_does_not_answer_does_not_hold_up_the_end(
    configure: Callable[..., Path], make_fleet: Callable[[Path], Fleet]
) -> None:
    config = configure()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config.write_text(
            f"{config.read_text()}\n[shops.kettle.sources.catalogue]\nkind = 'feed'\n"
            f"url = 'http://127.0.0.1:{silent.getsockname()[1]}/feed.xml'\n"
        )
        seed(config, mails=0).db.close()
        fleet = make_fleet(config)
        scheduler = fleet.start("scheduler")
        silent.settimeout(60)
        asked, _ = silent.accept()
        began = time.monotonic()
        with asked:
            assert fleet.stop(scheduler) == 0
        assert time.monotonic() - began < 60  # the source's own patience is two minutes
