"""Who is next in a release that does not simply go by the order of asking?

Those who have a place (drawn by lot, or told before all others) come first, by their place; then
the rest of the line, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from notifier.store.line_size import asked_after, in_line
from notifier.store.people import InLine
from notifier.store.releases import ReleaseRow
from notifier.store.rows import columns_of
from notifier.store.tables.people import subscriptions
from notifier.store.tables.releasing import places

PLACED = datetime(1970, 1, 1, tzinfo=UTC)  # a cursor among those with a place: (PLACED, place)
_INSERTED = 1_000
READ_AT_ONCE = 5_000
_IN_LINE = columns_of(subscriptions, InLine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The next people, and the cursor behind the last of them; None: nobody is left."""

    people: list[InLine]
    cursor: tuple[datetime, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    id: int
    contact_id: int
    created_at: datetime
    tags: Sequence[str]


_WAITING = columns_of(subscriptions, Waiting)


def _waits_for(release: ReleaseRow) -> ColumnElement[bool]:
    return in_line(product_id=release.product_id, variant_id=release.variant_id)


def all_waiting(tx: Connection, release: ReleaseRow, *, tags: bool) -> Iterator[Waiting]:
    """Everybody in the line, in the order of asking; without their `tags` where nobody asks."""
    columns = [one for one in _WAITING if tags or one.name != "tags"]
    query = select(*columns).where(_waits_for(release))
    rows = tx.execute(query.order_by(subscriptions.c.created_at, subscriptions.c.id))
    for some in rows.partitions(READ_AT_ONCE):
        yield from (_waiting(row) for row in some)


def with_tags(tx: Connection, *, product_id: int, variant_id: int, limit: int) -> list[Waiting]:
    """Those in a line who have any tags, so many at most, in no order."""
    query = select(*_WAITING).where(
        in_line(product_id=product_id, variant_id=variant_id),
        cast(subscriptions.c.tags, String) != "[]",
    )
    return [_waiting(row) for row in tx.execute(query.limit(limit))]


def _waiting(row: Row[Any]) -> Waiting:
    tags = getattr(row, "tags", None) or ()
    return Waiting(id=row.id, contact_id=row.contact_id, created_at=row.created_at, tags=tags)


def give_places(tx: Connection, release_id: int, ids: Iterable[int], *, first: int = 0) -> int:
    """Store an order, its first place being `first`; how many were given a place."""
    rows: list[dict[str, Any]] = [
        {"release_id": release_id, "subscription_id": id_, "place": place}
        for place, id_ in enumerate(ids, first)
    ]
    for start in range(0, len(rows), _INSERTED):
        tx.execute(insert(places), rows[start : start + _INSERTED])
    return len(rows)


def take_places(tx: Connection, release_id: int) -> None:
    """Forget an order that was not stored to its end."""
    tx.execute(delete(places).where(places.c.release_id == release_id))


def next_in_order(tx: Connection, release: ReleaseRow, *, limit: int) -> Stretch:
    """Who comes next behind the release's cursor."""
    after = release.place
    found: list[InLine] = []
    cursor: tuple[datetime, int] | None = None
    if after is None or after[0] == PLACED:
        found, last = _placed(tx, release, after=after[1] if after else -1, limit=limit)
        cursor = (PLACED, last) if last is not None else None
        after = None
    if len(found) < limit:
        more = _others(tx, release, after=after, limit=limit - len(found))
        if more:
            found, cursor = [*found, *more], (more[-1].created_at, more[-1].id)
    return Stretch(people=found, cursor=cursor)


def count_ahead(
    tx: Connection, *, product_id: int, variant_id: int, before: tuple[datetime, int], most: int
) -> int:
    """How many who wait for the variant, or any of its product, asked earlier; counted up to
    `most`."""
    at, id_ = before
    some = (
        select(subscriptions.c.id)
        .where(
            in_line(product_id=product_id, variant_id=variant_id),
            or_(
                subscriptions.c.created_at < at,
                and_(subscriptions.c.created_at == at, subscriptions.c.id < id_),
            ),
        )
        .limit(most)
        .subquery()
    )
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())


def _placed(
    tx: Connection, release: ReleaseRow, *, after: int, limit: int
) -> tuple[list[InLine], int | None]:
    rows = tx.execute(
        select(*_IN_LINE, places.c.place)
        .join(places, places.c.subscription_id == subscriptions.c.id)
        .where(places.c.release_id == release.id, places.c.place > after, _waits_for(release))
        .order_by(places.c.place)
        .limit(limit)
    ).all()
    people = [InLine(**{n: getattr(row, n) for n in InLine.__slots__}) for row in rows]
    return people, rows[-1].place if rows else None


def _others(
    tx: Connection, release: ReleaseRow, *, after: tuple[datetime, int] | None, limit: int
) -> list[InLine]:
    has_place = exists(
        select(places.c.place).where(
            places.c.release_id == release.id, places.c.subscription_id == subscriptions.c.id
        )
    )
    query = (
        select(*_IN_LINE)
        .where(_waits_for(release), ~has_place)
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(asked_after(after))
    return [InLine(**row._mapping) for row in tx.execute(query)]
