"""When did a shop's system last tell us something by webhook, and since when is it silent?

One row of `sources` for each such hook, named `hook:<system>`, as no configured source can be:

    looked_at    the last delivery that was taken; null before the first
    vouched_at   since when silence counts: that delivery, or the set-up; without the time in which
                 nobody watched
    tried_at     when it was last watched
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from notifier.store.sources import HOOK
from notifier.store.tables.sources import sources
from notifier.store.upsert import insert_or

KIND = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRow:
    id: int
    shop_id: int
    name: str
    heard_at: datetime | None
    silent_since: datetime
    watched_at: datetime

    @property
    def system(self) -> str:
        return self.name.removeprefix(HOOK)


_SELECT = select(
    sources.c.id,
    sources.c.shop_id,
    sources.c.name,
    sources.c.looked_at.label("heard_at"),
    sources.c.vouched_at.label("silent_since"),
    sources.c.tried_at.label("watched_at"),
).where(sources.c.kind == KIND, sources.c.name.startswith(HOOK))


def list_heard(tx: Connection) -> list[HeardRow]:
    return [HeardRow(**row._mapping) for row in tx.execute(_SELECT.order_by(sources.c.id))]


def find_heard(tx: Connection, shop_id: int, system: str) -> HeardRow | None:
    query = _SELECT.where(sources.c.shop_id == shop_id, sources.c.name == f"{HOOK}{system}")
    row = tx.execute(query).one_or_none()
    return HeardRow(**row._mapping) if row else None


def note_set_up(tx: Connection, shop_id: int, system: str, *, now: datetime) -> None:
    """Silence counts from now. Nothing where that is known already."""
    tx.execute(
        insert_or(tx, sources)
        .values(shop_id=shop_id, name=f"{HOOK}{system}", kind=KIND, vouched_at=now, tried_at=now)
        .on_conflict_do_nothing()
    )


def note_delivery(tx: Connection, shop_id: int, system: str, *, now: datetime) -> None:
    """Something was told, which ends its silence."""
    told = {"looked_at": now, "vouched_at": now}
    statement = insert_or(tx, sources).values(
        shop_id=shop_id, name=f"{HOOK}{system}", kind=KIND, tried_at=now, **told
    )
    tx.execute(statement.on_conflict_do_update(index_elements=["shop_id", "name"], set_={**told}))


def note_watched(tx: Connection, row: HeardRow, *, silent_since: datetime, now: datetime) -> None:
    """It was watched; its silence counts from `silent_since`, unless something came meanwhile."""
    of_row = update(sources).where(sources.c.id == row.id)
    tx.execute(of_row.values(tried_at=now))
    if silent_since != row.silent_since:
        as_it_was = sources.c.vouched_at == row.silent_since
        tx.execute(of_row.where(as_it_was).values(vouched_at=silent_since))


def forget_heard(tx: Connection, row: HeardRow) -> None:
    """The hook is not set up any more, or nobody wants to know."""
    tx.execute(delete(sources).where(sources.c.id == row.id))
