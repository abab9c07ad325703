"""What is wrong now that a person should know of?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from notifier.store.one_at_a_time import one_at_a_time
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of
from notifier.store.tables.operation import alarms


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    id: int
    shop_id: int | None
    code: str
    about: str
    message: str
    raised_at: datetime
    last_at: datetime
    count: int
    facts: dict[str, Any]


_COLUMNS = columns_of(alarms, AlarmRow)


def record_alarm(
    tx: Connection,
    *,
    code: str,
    about: str,
    message: str,
    shop_id: int | None,
    facts: dict[str, Any],
    now: datetime,
) -> bool:
    """True when this is news; False when the same alarm is open already (it is counted up)."""
    known = (
        update(alarms)
        .where(alarms.c.code == code, alarms.c.about == about, alarms.c.cleared_at.is_(None))
        .values(last_at=now, count=alarms.c.count + 1, message=message, facts=facts)
    )
    if tx.execute(known).rowcount:
        return False
    one_at_a_time(tx, f"alarm {code} {about}")  # two who meet the same trouble at once call once
    if tx.execute(known).rowcount:
        return False
    tx.execute(
        insert(alarms).values(
            shop_id=shop_id,
            code=code,
            about=about,
            message=message,
            raised_at=now,
            last_at=now,
            facts=facts,
        )
    )
    return True


def raised_since(tx: Connection, *, shop_id: int, since: datetime, limit: int) -> int:
    """How many alarms of a shop were raised since then; counting ends at `limit`."""
    latest = tx.execute(
        select(alarms.c.raised_at)
        .where(alarms.c.shop_id == shop_id)
        .order_by(alarms.c.id.desc())
        .limit(limit)
    )
    return sum(raised_at >= since for raised_at in latest.scalars())


def clear_alarm(tx: Connection, *, code: str, about: str, now: datetime) -> bool:
    return bool(_CLEAR.run(tx, {"of_code": code, "of_about": about, "now": now}))


def close_alarm(
    tx: Connection, alarm_id: int, *, shop_id: int, now: datetime, general: bool = False
) -> AlarmRow | None:
    """The alarm that was open; None where this shop has none of this id, or it is over.
    `general`: those of the service itself count as well."""
    of_shop = alarms.c.shop_id == shop_id
    row = tx.execute(
        update(alarms)
        .where(
            alarms.c.id == alarm_id,
            or_(of_shop, alarms.c.shop_id.is_(None)) if general else of_shop,
            alarms.c.cleared_at.is_(None),
        )
        .values(cleared_at=now)
        .returning(*_COLUMNS)
    ).one_or_none()
    return AlarmRow(**row._mapping) if row else None


_CLEAR = Prepared(
    update(alarms)
    .where(
        alarms.c.code == bindparam("of_code"),
        alarms.c.about == bindparam("of_about"),
        alarms.c.cleared_at.is_(None),
    )
    .values(cleared_at=bindparam("now"))
)


def latest_alarm(tx: Connection, *, code: str, about: str) -> AlarmRow | None:
    """Also one that is over."""
    row = tx.execute(
        select(*_COLUMNS)
        .where(alarms.c.code == code, alarms.c.about == about)
        .order_by(alarms.c.id.desc())
        .limit(1)
    ).one_or_none()
    return AlarmRow(**row._mapping) if row else None


def last_cleared(tx: Connection, *, code: str, about: str) -> datetime | None:
    """When such an alarm was last over; None where none has been."""
    query = select(func.max(alarms.c.cleared_at)).where(
        alarms.c.code == code, alarms.c.about == about
    )
    found: datetime | None = tx.execute(query).scalar_one()
    return found


def open_alarms(tx: Connection) -> Sequence[AlarmRow]:
    rows = tx.execute(
        select(*_COLUMNS)
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.id.desc())
        .limit(200)
    )
    return [AlarmRow(**row._mapping) for row in rows]
