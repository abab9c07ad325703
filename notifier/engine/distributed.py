"""How do the jobs and senders run on more than one machine?

Procrastinate keeps a queue in the PostgreSQL that is there anyway. A job in it is a hint: what is
to be done lives in our own rows, and every job looks there. So a job that is lost costs the time
until the next look (`POLL`, or the job's own period), and one that is there twice finds nothing.

Two queues: `jobs`, the table of engine/jobs.py as periodic tasks, of which each runs once for all
machines, and `deliver`, hints for senders. A transaction that makes work adds its hint itself
(`nudge`), so the hint is committed or rolled back together with the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job as QueueJob
from procrastinate.jobs import Status

from notifier.domain.work import Work
from notifier.engine.clock_steps import LOOK_EVERY, ClockSteps
from notifier.engine.cron import cron_of
from notifier.engine.job_runs import JobRuns
from notifier.engine.jobs import JOBS, Job
from notifier.engine.own_thread import in_own_thread
from notifier.engine.senders import Senders
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.rendering import Renderer
from notifier.services.env import Env
from notifier.services.take_over import take_over

JOBS_QUEUE = "jobs"
DELIVER_QUEUE = "deliver"
QUEUES = {Work.ANNOUNCE: JOBS_QUEUE, Work.DELIVER: DELIVER_QUEUE}
HEARTBEAT = 3.0  # seconds; every process tells so often that it lives
STALLED = 10.0  # seconds without a sign of life until its jobs are given to others
RETRY_EVERY = timedelta(seconds=5)
POLL = 2.0  # seconds between two looks of a process that hears of nothing
A_MOMENT = 0.1  # seconds a worker may be busy before another is called
SWAMPED = 60.0  # seconds a hint is kept waiting for senders that have their hands full
TAKE_OVER_EVERY = 15.0  # seconds; of the dead of this machine only this machine has the notes
JOBS_PATIENCE = 5.0  # seconds for jobs under way at the end; a look cut off changes nothing
AGAIN_AFTER = (0.5, 10.0)  # seconds until the queue is opened again after trouble: first, most
MORE = "deliver more"  # at most one such hint waits
ONCE_A_YEAR = "0 0 1 1 *"


def make_nudge() -> Callable[[Any, frozenset[Work]], None]:
    """What Database.nudge is to be: puts a hint for each kind of work into the transaction."""
    app = App(connector=SyncPsycopgConnector())  # never opened: it uses the caller's connection

    def nudge(tx: Any, made: frozenset[Work]) -> None:
        if not tx.in_transaction():
            tx.begin()  # else nobody would commit what the driver writes below
        raw = tx.connection.driver_connection
        hints = [
            QueueJob(
                queue=QUEUES[work],
                lock=None,  # a lock, and who holds it dies: nobody is told for ten seconds
                queueing_lock=None,  # this would let transactions wait for each other
                task_name=work.value,
                task_kwargs={"timestamp": 0},
            )
            for work in sorted(made)
        ]
        try:
            app.job_manager.batch_defer_jobs(jobs=hints, connection=raw)
        except ConnectorException as error:
            raise StoreBusy(f"The queue cannot take a hint now: {error.__cause__}") from error

    return nudge


class DistributedEngine:
    """Runs jobs and senders until stopped, with others like it on any number of machines."""

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
        self._with_senders = senders > 0
        self._table = table
        self._senders = Senders(env, renderer, count=senders, idle=POLL, on_more=self._call_another)
        self.owner = f"engine-{uuid.uuid4().hex[:12]}"
        self._runs = JobRuns(env, owner=self.owner)
        self._stopping = threading.Event()
        self._called_at = 0.0  # when another worker was last called to help
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped_by_us: asyncio.Event | None = None
        self._queue = threading.Thread(target=self._keep_queue_open, name="queue", daemon=True)
        self._tidier = threading.Thread(target=self._take_over, name="take-over", daemon=True)

    def start(self) -> None:
        """Begin. Takes over at once what a dead predecessor on this machine left."""
        if self._with_senders:
            self._tidier.start()
            self._senders.start()
        if self._with_jobs or self._with_senders:
            self._queue.start()

    def stop(self, *, patience: float = 25) -> bool:
        """Take nothing new, finish what is handed over; True when all ended in time."""
        until = time.monotonic() + patience
        self._stopping.set()
        self._senders.stop()
        if self._loop is not None and self._stopped_by_us is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._stopped_by_us.set)
        finished = self._senders.join(until=until)
        if self._queue.is_alive():
            self._queue.join(max(0.0, min(JOBS_PATIENCE + 2, until - time.monotonic())))
        return finished

    # --- what the tasks do

    def _run_job(self, job: Job) -> None:
        if not self._stopping.is_set():
            self._runs.run(job)

    def _deliver(self) -> None:
        """A hint: the senders look, and the next hint waits until they are not swamped.

        Who is busy for more than a moment calls another before he knows whether there is more:
        a batch may take seconds, and who finds nothing has lost one query.
        """
        call = self._senders.wake()
        if not self._senders.wait_until_answered(call, timeout=A_MOMENT):
            self._call_another()
            self._senders.wait_until_answered(call, timeout=SWAMPED)

    def _call_another(self) -> None:
        """There is more than one sender takes at a time: one more hint, for another worker."""
        now = time.monotonic()
        if now - self._called_at < 1 or self._loop is None:
            return
        self._called_at = now
        with contextlib.suppress(RuntimeError):  # the loop has just ended
            asyncio.run_coroutine_threadsafe(self._defer_more(), self._loop)

    async def _defer_more(self) -> None:
        try:
            await self._app.configure_task(
                Work.DELIVER.value, queue=DELIVER_QUEUE, queueing_lock=MORE
            ).defer_async(timestamp=0)
        except AlreadyEnqueued:
            return  # somebody is called already
        except ConnectorException as error:
            log.warning("no other worker called", why=str(error.__cause__))

    def _take_over(self) -> None:
        while not self._stopping.is_set():
            try:
                take_over(self._env)
            except StoreBusy as error:
                log.warning("put off: database busy", why=str(error))
            except Exception:  # noqa: BLE001  it must be tried again
                log.exception("not taken over")
            self._stopping.wait(TAKE_OVER_EVERY)

    # --- the queue

    def _keep_queue_open(self) -> None:
        """Begin again after trouble, as when the database server starts anew."""
        pause, most = AGAIN_AFTER
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                asyncio.run(self._work())
            except Exception as error:  # noqa: BLE001  without the queue all would wait for polls
                why = error.__cause__ or error
                log.warning("queue lost", why=f"{type(why).__name__}: {why}")
            else:
                if not self._stopping.is_set():  # its worker has said why, and ended
                    log.warning("queue lost", why="no connection to hear of work")
            self._loop = None
            if time.monotonic() - began > most:
                pause = AGAIN_AFTER[0]
            self._stopping.wait(pause)
            pause = min(pause * 2, most)

    async def _work(self) -> None:
        """Both queues, each as far as this process serves it, until stopped or in trouble."""
        self._app = self._make_app()
        self._stopped_by_us = asyncio.Event()
        async with self._app.open_async():
            self._loop = asyncio.get_running_loop()
            log.info("queue opened", jobs=self._with_jobs, deliver=self._with_senders)
            workers: list[asyncio.Task[None]] = []
            if self._with_jobs:
                lanes = sum(job.at_once for job in self._table) + 2
                workers.append(self._worker(JOBS_QUEUE, concurrency=lanes))
            if self._with_senders:
                workers.append(self._worker(DELIVER_QUEUE, concurrency=1))
            ends = (
                asyncio.create_task(self._stopped_by_us.wait()),
                asyncio.create_task(_clock_was_set()),  # the queue reckons its periods by it
            )
            if self._stopping.is_set():
                self._stopped_by_us.set()
            await asyncio.wait([*workers, *ends], return_when=asyncio.FIRST_COMPLETED)
            for task in (*workers, *ends):
                task.cancel()
            ended = await asyncio.gather(*workers, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception) and not self._stopping.is_set():
                raise error

    def _worker(self, queue: str, *, concurrency: int) -> asyncio.Task[None]:
        work: Coroutine[Any, Any, None] = self._app.run_worker_async(
            queues=[queue],
            name=f"{self.owner}-{queue}",
            concurrency=concurrency,
            fetch_job_polling_interval=POLL,
            shutdown_graceful_timeout=JOBS_PATIENCE,
            delete_jobs="always",  # how a job fared is in our own table
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=STALLED,
        )
        return asyncio.create_task(work)

    def _make_app(self) -> App:
        """The tasks, on connections of their own: LISTEN needs a session to itself."""
        url = self._env.config.database_url.replace("postgresql+psycopg:", "postgresql:", 1)
        connector = PsycopgConnector(
            conninfo=url,
            min_size=1,
            max_size=4,
            timeout=10,
            kwargs={
                "connect_timeout": 5,
                "application_name": "notifier-queue",
                "keepalives_idle": 10,  # a line that was cut without a word is noticed
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "options": "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000",
            },
        )
        app = App(connector=connector, periodic_defaults={"max_delay": 2 * 3600})
        if self._with_senders:
            deliver = app.task(name=Work.DELIVER.value, queue=DELIVER_QUEUE)
            hint = deliver(_as_task(self._deliver))
            # The queue's worker watches its listener only while none of its other parts has ended,
            # and the part for periodic tasks ends where there are none. A hint a year is nothing.
            app.periodic(cron=ONCE_A_YEAR, queueing_lock=MORE)(hint)
        if self._with_jobs:
            for job in self._table:
                self._add_job(app, job)
            _add_retry(app)
        return app

    def _add_job(self, app: App, job: Job) -> None:
        """Runs that may overlap have lanes of their own, which take turns."""
        run = _as_task(lambda: self._run_job(job))
        task = app.task(name=job.name, queue=JOBS_QUEUE)(run)
        for lane in range(job.at_once):
            name = f"{job.name}/{lane}"
            cron = cron_of(job.every * job.at_once, offset=job.every * lane)
            app.periodic(cron=cron, periodic_id=name, lock=name, queueing_lock=name)(task)


async def _clock_was_set() -> None:
    steps = ClockSteps()
    while not steps.was_set():
        await asyncio.sleep(LOOK_EVERY)
    log.warning("the clock was set; the queue is opened anew")


def _as_task(work: Callable[[], object]) -> Callable[..., Awaitable[None]]:
    async def run(*, timestamp: int) -> None:  # the queue's own argument; what is due is in rows
        await in_own_thread(work)

    return run


def _add_retry(app: App) -> None:
    """Jobs of a process that died are given to the others."""

    async def retry_stalled(context: JobContext, timestamp: int) -> None:
        queue = context.app.job_manager
        for job in await queue.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            log.warning("job given to others", job=job.task_name)
            try:
                await queue.retry_job(job)
            except UniqueViolation:  # the next run of it waits already
                await queue.finish_job(job, status=Status.FAILED, delete_job=True)

    task = app.task(name="retry_stalled", queue=JOBS_QUEUE, pass_context=True)(retry_stalled)
    app.periodic(cron=cron_of(RETRY_EVERY), queueing_lock="retry_stalled")(task)
