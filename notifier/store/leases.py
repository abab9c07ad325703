"""Which process alone may do a thing now, and when did each job run last?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, or_, select

from notifier.store.tables.operation import jobs, leases
from notifier.store.upsert import insert_or

RATE_GROUPS = "rate:"  # senders that share one account's rate; a group for each channel


def take_lease(tx: Connection, name: str, *, owner: str, now: datetime, lease: timedelta) -> bool:
    """Take or renew a lease; False while somebody else has it.

    One that ends later than any can was given before a clock was set back: it does not hold.
    """
    statement = insert_or(tx, leases).values(name=name, owner=owner, until=now + lease)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "until": now + lease},
        where=or_(leases.c.owner == owner, leases.c.until <= now, leases.c.until > now + 2 * lease),
    )
    return bool(tx.execute(statement).rowcount)


def join(tx: Connection, group: str, *, owner: str, now: datetime, lease: timedelta) -> int:
    """Be one of a group for so long, again and again; how many there are now, ourselves included.

    `group` and `owner` together have 63 characters at most. Each touches its own row only, so that
    nobody waits for anybody here; rows of the dead are for `forget_members`.
    """
    mine = f"{group}/{owner}"
    statement = insert_or(tx, leases).values(name=mine, owner=owner, until=now + lease)
    tx.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"until": now + lease})
    )
    alive = leases.c.until.between(now, now + 2 * lease)  # or given before a clock was set back
    here = leases.c.name.startswith(f"{group}/", autoescape=True)
    return int(tx.execute(select(func.count()).where(here, alive)).scalar_one())


def forget_members(tx: Connection, *, groups: str, before: datetime) -> int:
    """Remove those who were last here before that instant; how many."""
    here = leases.c.name.startswith(groups, autoescape=True)
    return int(tx.execute(delete(leases).where(here, leases.c.until < before)).rowcount)


def drop_lease(tx: Connection, name: str, *, owner: str) -> None:
    """Let go, so that the next process starts at once."""
    tx.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    name: str
    started_at: datetime | None
    finished_at: datetime | None
    failures: int
    trouble: str
    next_at: datetime | None


def record_job(
    tx: Connection,
    name: str,
    *,
    started_at: datetime,
    finished_at: datetime,
    next_at: datetime,
    trouble: str,
) -> None:
    """How a run went; failures are counted in a row."""
    values = {
        "started_at": started_at,
        "finished_at": finished_at,
        "next_at": next_at,
        "trouble": trouble[:1000],
    }
    statement = insert_or(tx, jobs).values(name=name, failures=1 if trouble else 0, **values)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={**values, "failures": jobs.c.failures + 1 if trouble else 0},
        )
    )


def list_jobs(tx: Connection) -> list[JobRow]:
    return [JobRow(**row._mapping) for row in tx.execute(select(jobs).order_by(jobs.c.name))]
