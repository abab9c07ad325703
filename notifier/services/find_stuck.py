"""What should have moved on by itself, and did not?

Each state that passes has somebody who moves it on: the announcing job an event and a release,
another sender a message whose sender died. Where that fails in a way nobody foresaw, a person is
called (trust RL-31). What waits for its turn is not stuck: `notifier_oldest_due_seconds` tells of
that, and what waits for a person has an alarm of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env
from notifier.store import stuck, switches
from notifier.store.leases import JobRow, list_jobs
from notifier.store.session import Transaction
from notifier.store.stuck import Stuck

NAME = "stuck"  # of the job that looks
BOUND = timedelta(minutes=15)
FAILURES = 3  # of a job in a row

_LOOKS: dict[str, Callable[..., Stuck | None]] = {
    "stuck.events": stuck.open_events,
    "stuck.releases": stuck.late_releases,
    "stuck.messages": stuck.leased_messages,
}
JOB = "job.failing"


def find_stuck(env: Env) -> int:
    """Raise an alarm for each sort of row that stands, and each job that fails; how many do.

    After a pause of the service, of the machine or a step of the clock all rows are late, and are
    being seen to at this moment: then only the next run says so.
    """
    with env.db.read() as tx:
        before = env.now() - BOUND
        off = switches.SENDING in switches.all_off(tx, now=env.now())
        found = {code: look(tx, before=before) for code, look in _LOOKS.items()}
        jobs = list_jobs(tx)
    if off:  # nothing is told while somebody says so
        found["stuck.releases"] = None
    if _was_away(jobs, now=env.now()):
        found = dict.fromkeys(found)
    failing = [job for job in jobs if job.failures >= FAILURES]

    def work(tx: Transaction) -> None:
        for code, one in found.items():
            _set(env, tx, code, one)
        for job in jobs:
            _set_job(env, tx, job)

    env.db.retry(work)
    return sum(one is not None for one in found.values()) + len(failing)


def _was_away(jobs: Sequence[JobRow], *, now: datetime) -> bool:
    """Whether this look did not run for longer than things may stand."""
    last = next((job.finished_at for job in jobs if job.name == NAME), None)
    return last is None or not timedelta(0) <= now - last <= BOUND


def _set(env: Env, tx: Transaction, code: str, found: Stuck | None) -> None:
    if found is None:
        clear_alarm(env, tx, code=code, about="")
        return
    words = say(
        code.replace(".", "_"),
        count=found.count,
        id=str(found.id),
        since=_minute(found.since),
        advice=say("stuck_advice"),
    )
    shop = env.shop_by_id(found.shop_id)
    raise_alarm(env, tx, code=code, about="", message=words, shop=shop)


def _set_job(env: Env, tx: Transaction, job: JobRow) -> None:
    if job.failures < FAILURES:
        clear_alarm(env, tx, code=JOB, about=job.name)
        return
    raise_alarm(
        env,
        tx,
        code=JOB,
        about=job.name,
        message=say("job", job=job.name, count=job.failures, error=job.trouble[:300]),
        shop=next(iter(env.shops.values()), None),
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
