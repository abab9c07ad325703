"""Many machines share one queue: what does a hint do, and what if it is lost or doubled?

Each machine here is an environment of its own in this process, with its own connections and its
own folder. Rolling deploys and faults of the database are in test_distributed_machines.py.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from procrastinate import periodic
from sqlalchemy import make_url

from notifier.app import make_engine, make_renderer, open_service
from notifier.config import Config
from notifier.config_reading import load_config
from notifier.domain.work import Work
from notifier.engine import clock_steps, distributed
from notifier.engine.jobs import JOBS, Job
from notifier.errors import ConfigError
from notifier.services.env import Env
from notifier.store.session import soon
from tests.fakes.smtp_server import SmtpServer
from tests.reliability.checker import check, unfinished
from tests.reliability.database_trouble import plain_postgres
from tests.reliability.seeding import see, seed
from tests.timing import wait_until

pytestmark = [pytest.mark.parametrize("engine_name", ["postgres"])]

RARELY = timedelta(hours=1)
ANNOUNCE = next(job for job in JOBS if job.name == "announce")
# announced when a hint says so, else once an hour
BY_HINT_ONLY = (Job(name="announce", every=RARELY, run=ANNOUNCE.run),)


@pytest.fixture
def config(configure: Callable[..., Path]) -> Path:
    path = configure(connections=1)
    words = path.read_text().replace("[service]", '[service]\nengine = "distributed"', 1)
    path.write_text(words + '\n[shops.kettle.stock]\ncool_down = "0s"\n')
    return path


@pytest.fixture
def rows(database_url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The queue's own tables."""
    with psycopg.connect(plain_postgres(database_url), autocommit=True) as connection:
        yield connection


class Machines:
    """Starts machines and ends them. Each has its own data_dir."""

    def __init__(self, config: Path, stack: ExitStack) -> None:
        self.config = config
        self.stack = stack
        self.count = 0

    def open(self) -> Env:
        """A machine where nothing runs: the shop's requests reach it."""
        self.count += 1
        found = load_config(self.config)
        service = found.service.model_copy(
            update={"data_dir": self.config.parent / f"machine-{self.count}"}
        )
        env, _ = open_service(found.model_copy(update={"service": service}))
        self.stack.callback(env.db.close)
        return env

    def start(self, *, jobs: tuple[Job, ...] = (), senders: int = 0) -> Any:
        env = self.open()
        engine = make_engine(
            env, make_renderer(env), jobs=bool(jobs), senders=senders, table=jobs or JOBS
        )
        engine.start()
        self.stack.callback(engine.stop, patience=10)
        return engine


@pytest.fixture
def machines(config: Path) -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(config, stack)


def people_wait(config: Path, count: int) -> None:
    """For what has been away; what there was to tell is told."""
    env = seed(config, mails=count, announced=False)
    see(env, 0)
    with env.db.write() as tx:
        tx.exec_driver_sql("UPDATE events SET state = 'closed'")
    env.db.close()


def jobs_in(rows: psycopg.Connection[tuple[Any, ...]], name: str = "%") -> int:
    """Jobs of this name that wait or run."""
    found = rows.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE %s", [name])
    return int(found.fetchone()[0])  # type: ignore[index]


def listening(rows: psycopg.Connection[tuple[Any, ...]]) -> int:
    """How many processes hear of new jobs."""
    found = rows.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname ="
        " current_database() AND application_name = 'notifier-queue' AND query LIKE 'LISTEN%'"
    )
    return int(found.fetchone()[0])  # type: ignore[index]


def copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def test_a_restock_on_one_machine_is_announced_on_a_second_and_sent_by_a_third_at_once(
    config: Path,
    machines: Machines,
    smtp: SmtpServer,
    rows: psycopg.Connection[tuple[Any, ...]],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "POLL", 60.0)  # nobody finds anything by looking around
    people_wait(config, 3)
    web = machines.open()
    machines.start(jobs=BY_HINT_ONLY)
    machines.start(senders=1)
    wait_until(lambda: listening(rows) == 2 and not jobs_in(rows))
    began = time.monotonic()
    see(web, 7)
    smtp.wait_for(3)
    assert time.monotonic() - began < distributed.POLL / 2  # some 100 ms, as a rule
    wait_until(lambda: unfinished(database_url) == 0 and not jobs_in(rows))


def test_a_hint_is_committed_and_rolled_back_with_the_work(
    machines: Machines, rows: psycopg.Connection[tuple[Any, ...]]
) -> None:
    env = machines.open()
    with contextlib.suppress(ZeroDivisionError), env.db.write() as tx:
        soon(tx, Work.ANNOUNCE)
        raise ZeroDivisionError
    with env.db.write() as tx:
        tx.exec_driver_sql("SELECT 1")
    assert jobs_in(rows) == 0
    with env.db.write() as tx:
        soon(tx, Work.DELIVER)
        soon(tx, Work.DELIVER)
        soon(tx, Work.ANNOUNCE)
        assert jobs_in(rows) == 0
    assert jobs_in(rows, "deliver") == jobs_in(rows, "announce") == 1


@pytest.mark.parametrize("hints", ["lost", "doubled"])
def test_a_lost_or_doubled_hint_costs_a_delay_and_never_a_message(
    config: Path,
    machines: Machines,
    smtp: SmtpServer,
    rows: psycopg.Connection[tuple[Any, ...]],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    hints: str,
) -> None:
    monkeypatch.setattr(distributed, "POLL", 0.3)
    people_wait(config, 30)
    see(machines.open(), 50)
    assert jobs_in(rows) > 0
    if hints == "lost":
        rows.execute("DELETE FROM procrastinate_jobs")
    else:
        rows.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args) SELECT queue_name,"
            " task_name, args FROM procrastinate_jobs, generate_series(1, 20)"
        )
        rows.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " SELECT 'deliver', 'deliver', '{\"timestamp\": 0}' FROM generate_series(1, 20)"
        )
    for _ in range(2):
        machines.start(jobs=(ANNOUNCE,))
        machines.start(senders=1)
    smtp.wait_for(30)
    wait_until(lambda: unfinished(database_url) == 0)
    assert check(database_url, copies(smtp), kills=0, in_flight=0).problems == []
    wait_until(lambda: not jobs_in(rows, "deliver"))


def test_each_run_of_a_job_is_one_machines(machines: Machines) -> None:
    """Not two at a time and not more often than it should, however many schedulers there are."""
    runs: list[tuple[float, float]] = []

    def run(_env: Env, _owner: str) -> None:
        began = time.monotonic()
        time.sleep(0.2)  # long enough for another to begin meanwhile
        runs.append((began, time.monotonic()))

    job = Job(name="count", every=timedelta(seconds=1), run=run)
    began = time.monotonic()
    for _ in range(2):
        machines.start(jobs=(job,))
    wait_until(lambda: len(runs) >= 3)
    ordered = sorted(runs)
    seconds = time.monotonic() - began
    assert len(ordered) <= seconds + 2
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(ordered))


def test_a_job_whose_process_died_is_given_to_another(
    machines: Machines,
    rows: psycopg.Connection[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "HEARTBEAT", 0.2)
    monkeypatch.setattr(distributed, "STALLED", 1.0)
    monkeypatch.setattr(distributed, "RETRY_EVERY", timedelta(seconds=1))
    ran = Counter[str]()
    rows.execute(
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)"
        " VALUES (now() - interval '1 minute') RETURNING id)"
        " INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id, lock)"
        " SELECT 'jobs', 'once', '{\"timestamp\": 1}', 'doing', id, 'once/0' FROM dead"
    )
    job = Job(name="once", every=RARELY, run=lambda _env, _owner: ran.update(["once"]))
    machines.start(jobs=(job,))
    wait_until(lambda: ran["once"] and not jobs_in(rows, "once"))


@contextlib.contextmanager
def nobody_let_in(database_url: str) -> Iterator[None]:
    """As while a server starts anew: connections end, and new ones are refused."""
    plain = make_url(plain_postgres(database_url))
    door = f'ALTER DATABASE "{plain.database}" ALLOW_CONNECTIONS'
    outside = plain.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(outside, autocommit=True) as admin:
        admin.execute(f"{door} false")  # type: ignore[arg-type]
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name LIKE 'notifier%%'",
                [plain.database],
            )
            yield
        finally:
            admin.execute(f"{door} true")  # type: ignore[arg-type]


def test_who_was_refused_by_the_database_hears_of_work_again(
    machines: Machines,
    rows: psycopg.Connection[tuple[Any, ...]],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also a process with senders only, which has no other part that would miss the database."""
    monkeypatch.setattr(distributed, "AGAIN_AFTER", (0.1, 0.5))
    machines.start(jobs=BY_HINT_ONLY)
    machines.start(senders=1)
    wait_until(lambda: listening(rows) == 2)
    with nobody_let_in(database_url):
        time.sleep(0.5)  # so that each has tried and was refused
    wait_until(lambda: listening(rows) == 2)


def test_a_queue_that_was_cut_off_is_opened_again(
    config: Path,
    machines: Machines,
    smtp: SmtpServer,
    rows: psycopg.Connection[tuple[Any, ...]],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributed, "POLL", 0.3)
    monkeypatch.setattr(distributed, "AGAIN_AFTER", (0.1, 0.5))
    people_wait(config, 20)
    web = machines.open()
    machines.start(jobs=BY_HINT_ONLY)
    machines.start(senders=1)
    wait_until(lambda: listening(rows) == 2)
    rows.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'notifier%'"
    )
    see(web, 50)
    smtp.wait_for(20)
    wait_until(lambda: unfinished(database_url) == 0)
    assert check(database_url, copies(smtp), kills=0, in_flight=0).problems == []


def test_without_postgresql_or_its_library_a_sentence_says_what_to_do(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"NOTIFIER__DATABASE__URL": "sqlite:///x.db"}
    with pytest.raises(ConfigError, match="needs PostgreSQL; set"):
        load_config(config, environ=environ)
    loaded: Config = load_config(config, environ={})
    monkeypatch.delitem(sys.modules, "notifier.engine.distributed")
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    import notifier.engine as package

    monkeypatch.delattr(package, "distributed")
    with pytest.raises(ConfigError, match="extra `cluster`"):
        open_service(loaded)


@pytest.mark.fault("FI-31")
def test_jobs_run_on_by_a_clock_that_was_set_back_by_hours(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = [0.0]
    wall = SimpleNamespace(time=lambda: time.time() + shift[0])
    monkeypatch.setattr(periodic, "time", wall)
    monkeypatch.setattr(clock_steps, "wall", wall.time)
    monkeypatch.setattr(distributed, "LOOK_EVERY", 0.1)
    runs: list[float] = []
    often = Job(
        name="poll",
        every=timedelta(seconds=1),
        run=lambda _env, _owner: runs.append(time.monotonic()),
    )
    machines.start(jobs=(often,))
    wait_until(lambda: bool(runs))

    shift[0] = -3 * 3600
    time.sleep(1.5)  # what was due by the old clock has run
    before = len(runs)

    wait_until(lambda: len(runs) > before)
