"""How does one run of one job go, and where does its trouble stay readable?"""

from __future__ import annotations

import time
from datetime import timedelta

from notifier.engine.jobs import Job
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.metrics import JOB_SECONDS
from notifier.services.env import Env
from notifier.store import leases

RECORD_EVERY = 5.0  # seconds between two records of a job that runs more often


class JobRuns:
    """Runs jobs, and writes down how each fared. `owner` names this process."""

    def __init__(self, env: Env, *, owner: str) -> None:
        self._env = env
        self._owner = owner
        self._recorded: dict[str, float] = {}  # when each job's run was last written down

    def run(self, job: Job) -> None:
        """One run; its trouble is kept where `notifier check` and the admin see it."""
        env = self._env
        started = env.now()
        began = time.monotonic()
        trouble = ""
        try:
            job.run(env, self._owner)
        except StoreBusy as error:
            trouble = str(error)
            log.warning("job put off: database busy", job=job.name)
        except Exception as error:  # noqa: BLE001  a failing job must not stop the others
            trouble = f"{type(error).__name__}: {error}"
            log.exception("job failed", job=job.name)
        took = time.monotonic() - began
        JOB_SECONDS.labels(job=job.name).observe(took)
        if not trouble and time.monotonic() - self._recorded.get(job.name, 0.0) <= RECORD_EVERY:
            return
        self._recorded[job.name] = time.monotonic()
        try:
            env.db.retry(
                lambda tx: leases.record_job(
                    tx,
                    job.name,
                    started_at=started,
                    finished_at=env.now(),
                    next_at=started + max(job.every, timedelta(seconds=RECORD_EVERY)),
                    trouble=trouble,
                )
            )
        except StoreBusy as error:
            log.warning("put off: database busy", why=str(error))
