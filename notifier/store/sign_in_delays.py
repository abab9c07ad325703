"""How often did signing in fail here, and when does the next try count?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.accounts import sign_in_delays
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayRow:
    bucket: str
    failures: int
    last_at: datetime
    free_at: datetime


_COLUMNS = columns_of(sign_in_delays, DelayRow)


def lock_delay(tx: Connection, bucket: str, *, now: datetime) -> DelayRow:
    """What is known of a bucket; nobody else counts in it until this transaction ends.

    The row is made first, so that many first tries at once meet in it.
    """
    first = {"bucket": bucket, "failures": 0, "last_at": now, "free_at": now}
    tx.execute(insert_or(tx, sign_in_delays).values(first).on_conflict_do_nothing())
    row = tx.execute(
        select(*_COLUMNS).where(sign_in_delays.c.bucket == bucket).with_for_update()
    ).one()
    return DelayRow(**row._mapping)


def put_delay(tx: Connection, row: DelayRow) -> None:
    values = {"failures": row.failures, "last_at": row.last_at, "free_at": row.free_at}
    tx.execute(update(sign_in_delays).where(sign_in_delays.c.bucket == row.bucket).values(values))


def forgive(tx: Connection, bucket: str) -> None:
    """Forget all failures: it was the right person."""
    tx.execute(delete(sign_in_delays).where(sign_in_delays.c.bucket == bucket))


def take_back(tx: Connection, bucket: str) -> None:
    """Count one failure less: it was none."""
    tx.execute(
        update(sign_in_delays)
        .where(sign_in_delays.c.bucket == bucket, sign_in_delays.c.failures > 0)
        .values(failures=sign_in_delays.c.failures - 1)
    )


def forget_before(tx: Connection, before: datetime) -> int:
    done = tx.execute(delete(sign_in_delays).where(sign_in_delays.c.last_at < before))
    return int(done.rowcount)
