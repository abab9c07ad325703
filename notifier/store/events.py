"""Which changes are worth telling, and which are held for a person's word?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from notifier.domain.work import Work
from notifier.store.prepared import Prepared
from notifier.store.session import soon
from notifier.store.tables.sources import holds
from notifier.store.tables.telling import events
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    id: int
    shop_id: int
    product_id: int
    variant_id: int
    kind: str
    at: datetime
    epoch: int
    state: str
    hold_id: int | None
    facts: dict[str, Any]


_COLUMNS = (
    events.c.id,
    events.c.shop_id,
    events.c.product_id,
    events.c.variant_id,
    events.c.kind,
    events.c.at,
    events.c.epoch,
    events.c.state,
    events.c.hold_id,
    events.c.facts,
)


def add_event(
    tx: Connection,
    *,
    shop_id: int,
    product_id: int,
    variant_id: int,
    kind: str,
    at: datetime,
    epoch: int,
    sequence: str = "",
    hold_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> int | None:
    """The new event's id; None when it was known already (the same change seen twice)."""
    statement = insert_or(tx, events).values(
        shop_id=shop_id,
        product_id=product_id,
        variant_id=variant_id,
        kind=kind,
        at=at,
        epoch=epoch,
        sequence=sequence,
        state="held" if hold_id is not None else "open",
        hold_id=hold_id,
        facts=facts or {},
    )
    made = tx.execute(statement.on_conflict_do_nothing().returning(events.c.id))
    soon(tx, Work.ANNOUNCE)
    return made.scalar_one_or_none()


def open_events(tx: Connection, *, limit: int) -> list[EventRow]:
    """Those nobody is looking at, oldest first, locked against others who tell of them."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(events.c.state == "open")
        .order_by(events.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [EventRow(**row._mapping) for row in rows]


def load_event(tx: Connection, event_id: int) -> EventRow | None:
    row = _BY_ID.first(tx, {"wanted": event_id})
    return EventRow(**row._asdict()) if row else None


_BY_ID = Prepared(select(*_COLUMNS).where(events.c.id == bindparam("wanted")))


def latest_event(
    tx: Connection, *, product_id: int, variant_id: int | None, kind: str
) -> EventRow | None:
    """The last one of a kind about a variant; None for `variant_id`: about any of the product."""
    query = select(*_COLUMNS).where(events.c.product_id == product_id, events.c.kind == kind)
    if variant_id is not None:
        query = query.where(events.c.variant_id == variant_id)
    row = tx.execute(query.order_by(events.c.id.desc()).limit(1)).one_or_none()
    return EventRow(**row._mapping) if row else None


def close_event(tx: Connection, event_id: int, *, state: str = "closed") -> None:
    tx.execute(update(events).where(events.c.id == event_id).values(state=state))


def make_hold(
    tx: Connection, *, shop_id: int, source: str, at: datetime, why: str, count: int
) -> int:
    return int(
        tx.execute(
            insert(holds)
            .values(shop_id=shop_id, source=source, at=at, why=why, events=count)
            .returning(holds.c.id)
        ).scalar_one()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    id: int
    shop_id: int
    source: str
    at: datetime
    why: str
    events: int
    decision: str | None
    decided_at: datetime | None


def find_holds(
    tx: Connection,
    *,
    hold_id: int | None = None,
    shop_id: int | None = None,
    undecided: bool = False,
) -> Sequence[HoldRow]:
    query = select(
        holds.c.id,
        holds.c.shop_id,
        holds.c.source,
        holds.c.at,
        holds.c.why,
        holds.c.events,
        holds.c.decision,
        holds.c.decided_at,
    ).order_by(holds.c.id.desc())
    if hold_id is not None:
        query = query.where(holds.c.id == hold_id)
    if shop_id is not None:
        query = query.where(holds.c.shop_id == shop_id)
    if undecided:
        query = query.where(holds.c.decided_at.is_(None))
    return [HoldRow(**row._mapping) for row in tx.execute(query.limit(200))]


def decide_hold(
    tx: Connection, hold_id: int, *, decision: str, by: str, at: datetime
) -> int | None:
    """Release or drop what is held; how many events that was, None if decided before."""
    done = tx.execute(
        update(holds)
        .where(holds.c.id == hold_id, holds.c.decided_at.is_(None))
        .values(decision=decision, decided_by=by, decided_at=at)
    )
    if done.rowcount != 1:
        return None
    state = "open" if decision == "released" else "dropped"
    moved = tx.execute(
        update(events)
        .where(events.c.hold_id == hold_id, events.c.state == "held")
        .values(state=state)
    )
    soon(tx, Work.ANNOUNCE)
    return int(moved.rowcount)


def count_open(tx: Connection) -> int:
    return int(
        tx.execute(
            select(func.count()).select_from(events).where(events.c.state == "open")
        ).scalar_one()
    )
