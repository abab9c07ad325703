"""How is the service doing, read from rows?"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from notifier.services.env import Env
from notifier.services.find_silent import silences
from notifier.store import backlog, operation, releases, sources, switches
from notifier.store.backlog import Depth
from notifier.store.leases import list_jobs
from notifier.store.operation import Counts
from notifier.store.schema import is_behind
from notifier.store.session import Database, Transaction, can_write
from notifier.store.sources import SourceRow

DAY = timedelta(days=1)
COUNT_EVERY = timedelta(seconds=15)  # however often the numbers are asked for

_COUNTED: WeakKeyDictionary[Database, tuple[datetime, Counts, dict[str, int]]] = WeakKeyDictionary()
_COUNTING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the service can work: the database takes writes, has the right schema and room for
    more. `trouble` says what is missing, without naming a place."""

    database: bool
    schema: bool
    room: bool
    trouble: str

    @property
    def is_ready(self) -> bool:
        return self.database and self.schema and self.room


def read_readiness(env: Env) -> Readiness:
    writes = can_write(env.db)
    behind = writes and is_behind(env.db)
    full = room_trouble(env)
    trouble = ""
    if full:
        trouble = "There is no room to write: the disk is full, or read-only."
    elif not writes:
        trouble = "The database takes no writes now."
    elif behind:
        trouble = "The database's schema is older than this program. Run `notifier migrate`."
    return Readiness(database=writes, schema=writes and not behind, room=not full, trouble=trouble)


def room_trouble(env: Env) -> str:
    """Why nothing can be written, with the place; empty when something can."""
    folders = {env.config.service.data_dir.absolute()}
    path = env.db.path()
    if path is not None:
        folders.add(path.absolute().parent)
    return env.db.room.trouble(sorted(folders), heeds_refusals=not env.db.is_sqlite)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    name: str
    failures: int
    age: float | None
    late: float
    trouble_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Numbers of this moment; lengths of time in seconds."""

    depths: list[Depth]
    oldest_due: dict[str, float]
    sources: list[SourceReading]
    subscriptions: dict[str, int]
    releases: dict[str, int]
    finished: dict[tuple[str, str], int]
    first_message: dict[str, float]
    jobs: dict[str, float]
    late_jobs: dict[str, float]
    opt_ins: dict[str, int]
    braked: dict[str, bool]
    silences: dict[str, float]
    singles: list[tuple[str, str, float]]


def read_operation(env: Env) -> Reading:
    now = env.now()
    with env.db.read() as tx:
        depths = backlog.depths(tx)
        counts, by_state = _counted(env, tx)
        off = switches.all_off(tx, now=now)
        ran = list_jobs(tx)
        return Reading(
            depths=depths,
            oldest_due=_oldest_due(depths, now),
            sources=[_of_source(env, row, now) for row in sources.list_sources(tx)],
            subscriptions=counts.subscriptions,
            releases=by_state,
            finished=counts.finished,
            first_message=_quantiles(counts.first_message_seconds),
            jobs={
                job.name: (now - job.finished_at).total_seconds()
                for job in ran
                if job.finished_at is not None
            },
            late_jobs={job.name: _late(job.next_at, now) for job in ran},
            opt_ins=counts.opt_ins,
            braked={slug: switches.of_alerts(slug) in off for slug in env.shops},
            silences=silences(env, tx),
            singles=[
                *_singles(counts),
                ("sending_paused", "1 while nothing is sent.", float(switches.SENDING in off)),
                ("wal_bytes", "SQLite's write-ahead log: grows under a long read.", _wal(env)),
            ],
        )


def _oldest_due(depths: Sequence[Depth], now: datetime) -> dict[str, float]:
    """Since how many seconds the oldest message of a medium should have left."""
    oldest: dict[str, float] = {}
    for depth in depths:
        if depth.oldest_due_at is not None and depth.oldest_due_at <= now:
            age = (now - depth.oldest_due_at).total_seconds()
            oldest[depth.medium] = max(age, oldest.get(depth.medium, 0.0))
    return oldest


def _of_source(env: Env, row: SourceRow, now: datetime) -> SourceReading:
    shop = env.shop_by_id(row.shop_id)
    known_at = row.vouched_at or row.looked_at
    return SourceReading(
        name=f"{shop.slug if shop else row.shop_id}/{row.name}",
        failures=row.failures,
        age=(now - known_at).total_seconds() if known_at else None,
        late=_late(row.next_look_at, now),
        trouble_code=row.trouble_code,
    )


def _singles(counts: Counts) -> list[tuple[str, str, float]]:
    """Name, help and value of what is counted in the rows."""
    return [
        ("suppressed", "Addresses never written to.", counts.suppressed),
        ("unknown_outcomes", "Handed over without an answer, last day.", counts.unknown),
        ("alarms", "Open alarms.", counts.alarms),
        ("holds", "Looks held for a person's word.", counts.holds),
        ("flaps", "Restocks inside the cool-down, by all variants.", counts.flaps),
        ("unsealed", "Ledger entries not chained yet.", counts.unsealed),
        (
            "order_deadlines",
            "Order lines with a deadline within 48 hours, or past.",
            counts.deadlines,
        ),
        ("refunds_overdue", "Refunds that should have been sent.", counts.refunds_overdue),
    ]


def _counted(env: Env, tx: Transaction) -> tuple[Counts, dict[str, int]]:
    """Counts over whole tables, counted anew only now and then; and releases by state."""
    now = env.now()
    with _COUNTING:
        kept = _COUNTED.get(env.db)
        if kept is None or not timedelta(0) <= now - kept[0] < COUNT_EVERY:
            counts = operation.count_rows(tx, since=now - DAY, now=now, until=now + DAY * 2)
            kept = now, counts, releases.count_by_state(tx)
            _COUNTED[env.db] = kept
    return kept[1:]


def _late(due_at: datetime | None, now: datetime) -> float:
    """Seconds since then; 0 before."""
    return max((now - due_at).total_seconds(), 0.0) if due_at else 0.0


def _wal(env: Env) -> float:
    """Bytes; 0 on PostgreSQL and where there is none."""
    path = env.db.path()
    log = path.with_name(f"{path.name}-wal") if path else None
    return float(log.stat().st_size) if log and log.exists() else 0.0


def _quantiles(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        "0.5": ordered[len(ordered) // 2],
        "0.95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }
