"""Which jobs are there, how often does each run, and who may run it?

A job is correct whether it runs never, once or twice, in one process or in ten: each looks for
what is due in rows. Jobs marked `alone` run in one process at a time, elected by a lease.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from notifier.domain.work import Work
from notifier.services.announce import announce
from notifier.services.backorder import redecide_all
from notifier.services.brake import brake
from notifier.services.count_demand import count_demand
from notifier.services.env import Env
from notifier.services.find_silent import find_silent
from notifier.services.find_stuck import find_stuck
from notifier.services.learn import learn_all
from notifier.services.missed_texts import find_missed_texts
from notifier.services.missing_reports import find_missing_reports
from notifier.services.order_follow import AT_ONCE, follow_due
from notifier.services.poll import alarm_stale, poll_due
from notifier.services.preorder import open_due
from notifier.services.read_mailboxes import read_mailboxes
from notifier.services.seal import seal_ledger
from notifier.services.sweep import sweep
from notifier.services.take_over import take_over
from notifier.services.tidy import tidy
from notifier.services.watch import watch
from notifier.services.weekly_report import send_reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    name: str
    every: timedelta
    run: Callable[[Env, str], object]  # with the process's name
    at_once: int = 1  # runs that may overlap
    on: Work | None = None  # also runs as soon as there is such work


def _announce_all(env: Env, _owner: str) -> None:
    while announce(env):
        continue


def _follow_all(env: Env, _owner: str) -> None:
    while follow_due(env) == AT_ONCE:
        continue


JOBS = (
    Job(
        name="poll",
        every=timedelta(seconds=1),
        run=lambda env, owner: poll_due(env, owner=owner),
        at_once=4,  # a slow source keeps no other waiting; a lease keeps two from the same
    ),
    Job(name="announce", every=timedelta(seconds=1), run=_announce_all, on=Work.ANNOUNCE),
    Job(name="take_over", every=timedelta(seconds=15), run=lambda env, _: take_over(env)),
    Job(name="brake", every=timedelta(seconds=15), run=lambda env, _: brake(env)),
    Job(name="sweep", every=timedelta(minutes=1), run=lambda env, _: sweep(env)),
    Job(name="order_lines", every=timedelta(seconds=5), run=_follow_all),
    Job(name="preorders", every=timedelta(seconds=15), run=lambda env, _: open_due(env)),
    Job(name="backorders", every=timedelta(minutes=1), run=lambda env, _: redecide_all(env)),
    Job(name="stale", every=timedelta(minutes=1), run=lambda env, _: alarm_stale(env)),
    Job(name="silent", every=timedelta(minutes=5), run=lambda env, _: find_silent(env)),
    Job(name="seal", every=timedelta(seconds=10), run=lambda env, _: seal_ledger(env)),
    Job(name="learn", every=timedelta(minutes=15), run=lambda env, _: learn_all(env)),
    Job(name="demand", every=timedelta(minutes=1), run=lambda env, _: count_demand(env)),
    Job(name="watch", every=timedelta(minutes=5), run=lambda env, _: watch(env)),
    Job(name="report", every=timedelta(minutes=5), run=lambda env, _: send_reports(env)),
    Job(name="stuck", every=timedelta(minutes=5), run=lambda env, _: find_stuck(env)),
    Job(
        name="missing_reports",
        every=timedelta(minutes=5),
        run=lambda env, _: find_missing_reports(env),
    ),
    Job(
        name="mailboxes",
        every=timedelta(minutes=5),
        run=lambda env, owner: read_mailboxes(env, owner=owner),
    ),
    Job(name="missed_texts", every=timedelta(hours=1), run=lambda env, _: find_missed_texts(env)),
    Job(name="tidy", every=timedelta(hours=1), run=lambda env, _: tidy(env)),
)
