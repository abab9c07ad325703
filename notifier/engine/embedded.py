"""How do the jobs and senders run inside one process?

APScheduler is only the ticker: a run that comes late or is dropped loses nothing, since what is
due lives in rows. One process among many is elected by a lease to run the jobs; senders may run
in all of them.

Who makes work in this process wakes who does it, right after the commit; of what another process
has made we hear by the counter in an SQLite file. Whatever is not heard is found by the next tick.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.schedulers.background import BackgroundScheduler

from notifier.domain.work import Work
from notifier.engine.clock_steps import LOOK_EVERY, ClockSteps
from notifier.engine.job_runs import JobRuns
from notifier.engine.jobs import JOBS, Job
from notifier.engine.on_call import OnCall
from notifier.engine.senders import Senders
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.rendering import Renderer
from notifier.services.env import Env
from notifier.services.hear_others import Others
from notifier.services.take_over import take_over
from notifier.store import leases

LEADER = "leader"
LEASE = timedelta(seconds=10)
IDLE = 0.2  # seconds a sender sleeps when nothing is due, where it hears only of this process
IDLE_HEARING = 1.0  # where it hears of all: rows also become due by themselves
LISTEN = 0.1  # seconds between two questions whether another process has committed something
JOBS_PATIENCE = 5.0  # seconds for jobs under way at the end; a look cut off changes nothing


class _DaemonThreads(BaseExecutor):  # type: ignore[misc]
    """A thread a run that does not keep the process from ending, as a pool's threads would: a
    source may take two minutes to answer."""

    def __init__(self) -> None:
        super().__init__()
        self._idle = threading.Condition()
        self._busy = 0

    def wait_idle(self, timeout: float) -> bool:
        """True as soon as nothing runs; False when something still does after `timeout`."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._busy, timeout)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        with self._idle:
            self._busy += 1
        threading.Thread(
            target=self._run, args=(job, run_times), name=f"job-{job.name}", daemon=True
        ).start()

    def _run(self, job: Any, run_times: list[datetime]) -> None:
        try:
            events = run_job(job, job._jobstore_alias, run_times, self._logger.name)
            self._run_job_success(job.id, events)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()


class EmbeddedEngine:
    """Runs jobs and senders until stopped. `owner` names this process in leases."""

    def __init__(
        self,
        env: Env,
        renderer: Renderer,
        *,
        jobs: bool = True,
        senders: int = 0,
        table: Sequence[Job] = JOBS,
    ) -> None:
        self._env = env
        self._with_jobs = jobs
        self._table = table
        self._stopping = threading.Event()
        idle = IDLE_HEARING if env.db.is_sqlite else IDLE
        self._with_senders = senders > 0
        self._senders = Senders(env, renderer, count=senders, idle=idle)
        self._leads = False
        self.owner = f"engine-{uuid.uuid4().hex[:12]}"
        self._job_runs = JobRuns(env, owner=self.owner)
        self._runs = _DaemonThreads()
        self._on_call = {
            job.name: OnCall(lambda job=job: self._run_now(job), name=job.name)  # type: ignore[misc]
            for job in table
            if job.on is not None and jobs
        }
        self._leave: Callable[[], None] | None = None
        self._scheduler = BackgroundScheduler(
            executors={"default": self._runs},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin. Takes over at once what a dead predecessor on this machine left."""
        self._retry_busy(lambda: take_over(self._env))
        self._leave = self._env.db.hear(self._wake)
        self._senders.start()
        for on_call in self._on_call.values():
            on_call.start()
        if self._with_jobs:
            self._elect()
            self._scheduler.add_job(self._elect, "interval", seconds=LEASE.total_seconds() / 3)
            for job in self._table:
                self._scheduler.add_job(
                    self._run,
                    "interval",
                    args=[job],
                    seconds=job.every.total_seconds(),
                    next_run_time=datetime.now(UTC),  # the first at once
                    max_instances=job.at_once,
                )
            self._scheduler.start()
            threading.Thread(target=self._follow_clock, name="clock", daemon=True).start()
        if self._env.db.is_sqlite and (self._with_senders or self._on_call):
            threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def stop(self, *, patience: float = 25) -> bool:
        """Take nothing new, finish what is handed over; True when all ended in time."""
        self._stopping.set()
        if self._leave is not None:
            self._leave()
        self._senders.stop()
        for on_call in self._on_call.values():
            on_call.stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        until = time.monotonic() + patience
        finished = self._senders.join(until=until)
        until = min(until, time.monotonic() + JOBS_PATIENCE)
        ended = [one.join(until=until) for one in self._on_call.values()]
        if not self._runs.wait_idle(max(0.0, until - time.monotonic())) or not all(ended):
            log.warning("jobs under way are left unfinished; whoever leads next does them")
        with contextlib.suppress(StoreBusy):
            self._env.db.retry(lambda tx: leases.drop_lease(tx, LEADER, owner=self.owner))
        return finished

    @property
    def leads(self) -> bool:
        """True while this process runs the jobs."""
        return self._leads

    def _elect(self) -> None:
        """Take or renew the leader's lease."""
        if self._stopping.is_set():
            return
        env = self._env
        before = self._leads
        try:
            self._leads = env.db.retry(
                lambda tx: leases.take_lease(
                    tx, LEADER, owner=self.owner, now=env.now(), lease=LEASE
                )
            )
        except StoreBusy:
            self._leads = False
        if self._leads != before:
            log.info("leader elected" if self._leads else "leader lost", owner=self.owner)

    def _run(self, job: Job) -> None:
        on_call = self._on_call.get(job.name)
        if on_call is None:
            self._run_now(job)
        else:
            on_call.ask()

    def _run_now(self, job: Job) -> None:
        if self._leads and not self._stopping.is_set():
            self._job_runs.run(job)

    def _wake(self, made: frozenset[Work]) -> None:
        """Somebody has just committed work."""
        if Work.DELIVER in made:
            self._senders.wake()
        for job in self._table:
            if job.on in made and job.name in self._on_call:
                self._on_call[job.name].ask()

    def _listen(self) -> None:
        """Look after whatever another process has committed; it may have made work or not."""
        others = Others(self._env)
        while not self._stopping.wait(LISTEN):
            self._wake(others.work_made())
        others.close()

    def _follow_clock(self) -> None:
        """After the clock was set, the next runs lie where nobody knows: all are due now."""
        steps = ClockSteps()
        while not self._stopping.wait(LOOK_EVERY):
            if steps.was_set():
                log.warning("the clock was set; all jobs run now")
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    @staticmethod
    def _retry_busy(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except StoreBusy as error:
            log.warning("put off: database busy", why=str(error))
