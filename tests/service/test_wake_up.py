"""Is what somebody has just asked for done at once, and not only at the next tick?

Nothing here looks by itself for an hour: whatever happens was woken.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.domain.work import Work
from notifier.engine import embedded
from notifier.engine.embedded import EmbeddedEngine
from notifier.engine.jobs import JOBS, Job
from notifier.engine.on_call import OnCall
from notifier.errors import StoreBusy
from notifier.services.env import Env, open_env
from notifier.store.session import Database, Transaction, soon
from tests.timing import wait_until
from tests.world import ANN, BEN, RENDERER, World

RARELY = timedelta(hours=1)
PATIENCE = 20.0  # seconds: a machine may be busy; without a wake-up it would be an hour
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
[ANNOUNCE] = (replace(job, every=RARELY) for job in JOBS if job.name == "announce")


@pytest.fixture(autouse=True)
def _nobody_looks_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "IDLE", RARELY.total_seconds())
    monkeypatch.setattr(embedded, "IDLE_HEARING", RARELY.total_seconds())


@pytest.fixture
def start(world: World) -> Iterator[Callable[..., EmbeddedEngine]]:
    """Starts an engine of the world's process, with a job or two; those without a tick."""
    made: list[EmbeddedEngine] = []

    def start(*table: Job, senders: int = 0, env: Env | None = None) -> EmbeddedEngine:
        engine = EmbeddedEngine(
            env or world.env, RENDERER, jobs=bool(table), senders=senders, table=table
        )
        made.append(engine)
        engine.start()
        return engine

    yield start
    for engine in made:
        engine.stop(patience=PATIENCE)


class Runs:
    """A job that tells how often it ran, and waits in the middle of a run while told to."""

    def __init__(self) -> None:
        self.count = 0
        self.began = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, *_: object) -> None:
        self.count += 1
        self.began.release()
        assert self.may_end.wait(PATIENCE)

    def wait_for_one(self) -> None:
        assert self.began.acquire(timeout=PATIENCE), "it did not run"

    @property
    def job(self) -> Job:
        return Job(name="counted", every=RARELY, run=self, on=Work.ANNOUNCE)


def ask(db: Database) -> None:
    with db.write() as tx:
        soon(tx, Work.ANNOUNCE)


def _ask_in_vain(tx: Transaction) -> None:
    soon(tx, Work.ANNOUNCE)
    raise StoreBusy("for once")


def test_a_restock_and_a_sign_up_reach_the_mail_server_without_a_tick(
    world: World, start: Callable[..., EmbeddedEngine]
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    start(ANNOUNCE, senders=2)
    world.see("SHIRT-S", 3)
    wait_until(lambda: world.mails(ANN, "back_in_stock"), PATIENCE)
    world.see("SHIRT-M", 0)
    world.asks(BEN, "SHIRT-M")
    wait_until(lambda: world.mails(BEN, "confirm"), PATIENCE)


@ON_SQLITE
def test_what_another_process_stores_in_the_file_is_heard_of(
    world: World, start: Callable[..., EmbeddedEngine], database_url: str, tmp_path: Path
) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    file = Path(database_url.removeprefix("sqlite:///"))
    by_other_name = Database(f"sqlite:///{file.parent}/./{file.name}")  # shares nothing with ours
    assert by_other_name._shared is not world.db._shared
    config = world.config.model_copy(
        update={"service": world.config.service.model_copy(update={"data_dir": tmp_path / "else"})}
    )
    start(ANNOUNCE, senders=1, env=open_env(config, clock=world.clock, db=by_other_name))
    world.see("SHIRT-S", 3)
    wait_until(lambda: world.mails(ANN, "back_in_stock"), PATIENCE)


@ON_SQLITE
def test_who_asks_while_it_runs_is_answered_by_one_more_run(
    world: World, start: Callable[..., EmbeddedEngine]
) -> None:
    runs = Runs()
    start(runs.job)
    runs.wait_for_one()  # at the start
    runs.may_end.clear()
    ask(world.db)
    runs.wait_for_one()
    for _ in range(3):
        ask(world.db)  # its rows may be too late for the run under way
    runs.may_end.set()
    runs.wait_for_one()
    time.sleep(0.15)  # longer than the pause between two runs: nobody asked again
    assert runs.count == 3


@ON_SQLITE
def test_a_thousand_who_ask_cause_a_few_runs(
    world: World, start: Callable[..., EmbeddedEngine]
) -> None:
    runs = Runs()
    start(runs.job)
    runs.wait_for_one()
    began = time.monotonic()
    for _ in range(1_000):
        ask(world.db)
    took = time.monotonic() - began
    runs.wait_for_one()
    time.sleep(0.15)
    assert runs.count <= 3 + took / 0.1


@ON_SQLITE
def test_what_was_not_committed_wakes_nobody(
    world: World, start: Callable[..., EmbeddedEngine]
) -> None:
    runs = Runs()
    start(runs.job)
    runs.wait_for_one()
    with pytest.raises(StoreBusy):
        world.db.retry(_ask_in_vain, tries=1)
    with world.db.write() as tx:
        tx.exec_driver_sql("UPDATE leases SET until = until WHERE name = ''")
    time.sleep(0.15)
    assert runs.count == 1


@ON_SQLITE
def test_stopping_waits_for_a_run_that_was_asked_for_and_begins_no_other(
    world: World, start: Callable[..., EmbeddedEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs()
    engine = start(runs.job)
    runs.wait_for_one()
    runs.may_end.clear()
    ask(world.db)
    runs.wait_for_one()
    ask(world.db)
    stopping = threading.Thread(target=engine.stop)
    stopping.start()
    wait_until(lambda: not world.db._shared.ears, PATIENCE)
    assert stopping.is_alive()
    runs.may_end.set()
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    ask(world.db)
    assert runs.count == 2
    monkeypatch.setattr(embedded, "JOBS_PATIENCE", 0.05)
    stuck = Runs()
    engine = start(stuck.job)
    stuck.wait_for_one()
    stuck.may_end.clear()
    ask(world.db)
    stuck.wait_for_one()
    assert engine.stop(patience=PATIENCE)  # whoever leads next does what is left
    stuck.may_end.set()


def test_a_run_that_fails_is_not_the_last_one() -> None:
    began = threading.Semaphore(0)

    def fail() -> None:
        began.release()
        raise ZeroDivisionError("for once")

    on_call = OnCall(fail, name="fails", pause=0)
    on_call.start()
    for _ in range(2):
        on_call.ask()
        assert began.acquire(timeout=PATIENCE)
    on_call.stop()
    assert on_call.join(until=time.monotonic() + PATIENCE)
