"""Which history can be deleted, a batch at a time, without what something that is open still needs?

The newest row about a variant always stays: it says how things stand. Rows are walked in the order
in which they were made, so that a walk ends where the young ones begin. To look holds up nobody:
only who has found something needs a writing transaction, and looks again in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select

from notifier.store.purge import FINISHED_LINES, has_orders
from notifier.store.tables.catalogue import etas, stock_changes
from notifier.store.tables.operation import alarms
from notifier.store.tables.orders import order_lines
from notifier.store.tables.people import contacts, subscriptions
from notifier.store.tables.releasing import places, purchases, reservations
from notifier.store.tables.sources import holds
from notifier.store.tables.telling import events, messages, receipts, releases, waves


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of one batch, the rows of `table` that can go, and those `parts` that belong to them by
    `release_id`; where the next batch begins, None: it was the last. `are_addresses`: somebody may
    sign up with one of them at any moment, so who deletes holds them and looks again."""

    table: Table
    ids: list[int]
    place: int | None
    parts: tuple[Table, ...] = ()
    are_addresses: bool = False


def delete_found(tx: Connection, found: Found) -> int:
    """How many rows went, without their parts."""
    for part in found.parts:
        tx.execute(delete(part).where(part.c.release_id.in_(found.ids)))
    tx.execute(delete(found.table).where(found.table.c.id.in_(found.ids)))
    return len(found.ids)


def stock_changes_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """What was believed of stock; the last belief about each variant stays."""
    ids, place = _old(tx, stock_changes, "at", before=before, after=after, limit=limit)
    return _those(tx, stock_changes, ids, place, _has_newer(stock_changes))


def etas_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Dates that were promised; not of a variant that somebody ordered and still waits for."""
    ids, place = _old(tx, etas, "at", before=before, after=after, limit=limit)
    ordered = exists(
        select(order_lines.c.id).where(
            order_lines.c.variant_id == etas.c.variant_id,
            order_lines.c.state.not_in(FINISHED_LINES),
        )
    )
    return _those(tx, etas, ids, place, _has_newer(etas), ~ordered)


def releases_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Finished releases with their waves; not the last one of a kind of a variant, which says
    whether it goes on when the goods are back, and none that a message is part of."""
    ids, place = _old(tx, releases, "started_at", before=before, after=after, limit=limit)
    found = _those(
        tx,
        releases,
        ids,
        place,
        releases.c.state.in_(("done", "stopped")),
        releases.c.finished_at < before,
        ~exists(select(messages.c.id).where(messages.c.release_id == releases.c.id)),
        _has_newer(releases, "kind"),
    )
    return replace(found, parts=(waves, places, reservations))


def purchases_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """What was bought of what people waited for; what it taught stays."""
    ids, place = _old(tx, purchases, "at", before=before, after=after, limit=limit)
    return _those(tx, purchases, ids, place)


def events_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Events that were dealt with; not the last one of a kind of a variant, and none that a message
    or a release is about."""
    ids, place = _old(tx, events, "at", before=before, after=after, limit=limit)
    return _those(
        tx,
        events,
        ids,
        place,
        events.c.state.in_(("closed", "dropped")),
        ~exists(select(messages.c.id).where(messages.c.event_id == events.c.id)),
        ~exists(select(releases.c.id).where(releases.c.event_id == events.c.id)),
        _has_newer(events, "kind"),
    )


def receipts_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """What providers said of messages."""
    ids, place = _old(tx, receipts, "at", before=before, after=after, limit=limit)
    return _those(tx, receipts, ids, place)


def holds_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Holds that a person has decided on and no event is left of."""
    ids, place = _old(tx, holds, "at", before=before, after=after, limit=limit)
    used = select(events.c.hold_id).where(events.c.hold_id.is_not(None))
    return _those(tx, holds, ids, place, holds.c.decided_at < before, holds.c.id.not_in(used))


def contacts_without_anything(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Addresses that nothing refers to any more."""
    rows = tx.execute(
        select(contacts.c.id)
        .where(contacts.c.id > after, contacts.c.created_at <= before)
        .order_by(contacts.c.id)
        .limit(limit)
    ).all()
    own = contacts.c.id
    found = _those(
        tx,
        contacts,
        [row.id for row in rows],
        rows[-1].id if len(rows) == limit else None,
        ~exists(select(subscriptions.c.id).where(subscriptions.c.contact_id == own)),
        ~exists(select(messages.c.id).where(messages.c.contact_id == own)),
        ~has_orders(own),
    )
    return replace(found, are_addresses=True)


def alarms_before(tx: Connection, *, before: datetime, after: int, limit: int) -> Found:
    """Alarms that are over."""
    ids, place = _old(tx, alarms, "raised_at", before=before, after=after, limit=limit)
    return _those(tx, alarms, ids, place, alarms.c.cleared_at < before)


def _old(
    tx: Connection, table: Table, at: str, *, before: datetime, after: int, limit: int
) -> tuple[list[int], int | None]:
    """The next rows that are old enough, and the place behind them; None where no older ones
    can follow."""
    rows = tx.execute(
        select(table.c.id, table.c[at]).where(table.c.id > after).order_by(table.c.id).limit(limit)
    ).all()
    old = [row.id for row in rows if row[1] < before]
    return old, rows[-1].id if old and len(rows) == limit else None


def _has_newer(table: Table, *same: str) -> ColumnElement[bool]:
    """That a later row is about the same variant, and the same in these columns too."""
    newer = table.alias("newer")
    alike = [newer.c[name] == table.c[name] for name in ("variant_id", *same)]
    return exists(select(newer.c.id).where(*alike, newer.c.id > table.c.id))


def _those(
    tx: Connection,
    table: Table,
    ids: Sequence[int],
    place: int | None,
    *wanted: ColumnElement[bool] | Any,
) -> Found:
    query = select(table.c.id).where(table.c.id.in_(ids), *wanted)
    return Found(table=table, ids=list(tx.execute(query).scalars()) if ids else [], place=place)
