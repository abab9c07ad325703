"""How often did signing in fail here, and when does the next try count?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from notifier.store.tables.accounts import sign_in_delays
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayRow:
    bucket: str
    failures: int
    last_at: datetime
    free_at: datetime


_COLUMNS = [sign_in_delays.c[name] for name in DelayRow.__slots__]


def find_delay(tx: Connection, bucket: str) -> DelayRow | None:
    """What is known of a bucket; nobody else changes it until this transaction ends."""
    row = tx.execute(
        select(*_COLUMNS).where(sign_in_delays.c.bucket == bucket).with_for_update()
    ).one_or_none()
    return DelayRow(**row._mapping) if row else None


def put_delay(tx: Connection, row: DelayRow) -> None:
    values = {name: getattr(row, name) for name in DelayRow.__slots__}
    changes = {name: value for name, value in values.items() if name != "bucket"}
    statement = insert_or(tx, sign_in_delays).values(values)
    tx.execute(statement.on_conflict_do_update(index_elements=["bucket"], set_=changes))


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
