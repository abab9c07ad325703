"""What has become of those a release told: who was told when, who looked, what was bought since?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true, update

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind, MessageState
from notifier.domain.outages import Seen
from notifier.domain.subscription import SubscriptionState
from notifier.store.rows import columns_of
from notifier.store.tables.catalogue import stock_changes
from notifier.store.tables.people import subscriptions
from notifier.store.tables.releasing import purchases
from notifier.store.tables.telling import clicks, events, messages
from notifier.store.upsert import insert_or

_REACHED = (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.COMPLAINED)
# asked for, and not over: due, being sent, or nobody knows
_ON_THEIR_WAY = messages.c.state.in_(("due", "sending", "unknown"))
_TOLD = or_(
    messages.c.state.in_([state.value for state in _REACHED]),
    _ON_THEIR_WAY,
)
_ABOUT_STOCK = messages.c.kind == MessageKind.BACK_IN_STOCK.value
_IS_OPEN = messages.c.finished_at.is_(None)
_PRIME, _SCATTER = 10_007, 7_919
CHANGES = 2_000  # looks at stock of one release that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldGroup:
    """Those of one wave by one medium. `is_open`: their messages have not left yet, and `first`
    and `last` are None."""

    release_id: int
    wave: int
    medium: str
    is_open: bool
    people: int
    units: int
    first: datetime | None
    last: datetime | None


def told_groups(tx: Connection, release_ids: Sequence[int], *, every: int = 1) -> list[ToldGroup]:
    """Everybody whose message is on its way or has left; not who was skipped or refused.

    `every`: one message in so many is read, and stands for so many people."""
    rows = tx.execute(
        select(
            messages.c.release_id,
            func.coalesce(messages.c.wave, 0).label("wave"),
            messages.c.medium,
            _IS_OPEN.label("is_open"),
            func.count().label("people"),
            func.sum(func.coalesce(subscriptions.c.quantity, 1)).label("units"),
            func.min(messages.c.finished_at).label("first"),
            func.max(messages.c.finished_at).label("last"),
        )
        .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .where(_one_in(every), messages.c.release_id.in_(list(release_ids)), _TOLD, _ABOUT_STOCK)
        .group_by(messages.c.release_id, messages.c.wave, messages.c.medium, _IS_OPEN)
        .order_by(messages.c.release_id, messages.c.wave, messages.c.medium)
    )
    return [
        ToldGroup(
            release_id=row.release_id,
            wave=row.wave,
            medium=row.medium,
            is_open=bool(row.is_open),
            people=row.people * every,
            units=int(row.units) * every,
            first=row.first,
            last=row.last,
        )
        for row in rows
    ]


def _one_in(every: int) -> ColumnElement[bool]:
    """One message in so many, always the same ones, whatever the order they were written in."""
    if every == 1:
        return true()
    return messages.c.id % _PRIME * _SCATTER % _PRIME < _PRIME // every


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """Somebody followed the link for the first time, or bought without it. `sent_at` None: the
    message is still on its way, as far as we know."""

    release_id: int
    wave: int
    medium: str
    sent_at: datetime | None
    at: datetime


def first_looks(tx: Connection, release_ids: Sequence[int], *, every: int = 1) -> list[LookedAt]:
    """Of each message its first click, or the purchase it led to where that came first.

    `every`: as in `told_groups`; what is read is not multiplied."""
    first: dict[int, LookedAt] = {}
    for seen in (clicks, purchases):
        rows = tx.execute(
            select(
                messages.c.id,
                messages.c.release_id,
                messages.c.wave,
                messages.c.medium,
                messages.c.finished_at,
                func.min(seen.c.at).label("at"),
            )
            .join(seen, seen.c.message_id == messages.c.id)
            .where(_one_in(every), messages.c.release_id.in_(list(release_ids)), _ABOUT_STOCK)
            .group_by(messages.c.id)
        )
        for row in rows:
            before = first.get(row.id)
            if before is None or row.at < before.at:
                first[row.id] = LookedAt(
                    release_id=row.release_id,
                    wave=row.wave or 0,
                    medium=row.medium,
                    sent_at=row.finished_at,
                    at=row.at,
                )
    return list(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """`at` by the shop's clock, `heard_at` by ours."""

    at: datetime
    heard_at: datetime | None
    units: int
    told: bool | None


_BOUGHT = columns_of(purchases, Bought)


def purchases_of(tx: Connection, variant_id: int, *, since: datetime) -> list[Bought]:
    """What the shop has reported sold of a variant, oldest first."""
    rows = tx.execute(
        select(*_BOUGHT)
        .where(
            purchases.c.variant_id == variant_id,
            purchases.c.at >= since,
            purchases.c.units > 0,  # none: it was called off
        )
        .order_by(purchases.c.at, purchases.c.id)
    )
    return [Bought(**row._mapping) for row in rows]


def reports_purchases(tx: Connection, shop_id: int, *, since: datetime) -> bool:
    """Whether the shop says who buys, as far as one can tell from what it said lately."""
    found = tx.execute(
        select(purchases.c.id)
        .where(purchases.c.shop_id == shop_id, purchases.c.at >= since)
        .limit(1)
    )
    return found.first() is not None


def seen_since(tx: Connection, variant_id: int, *, since: datetime) -> list[Seen]:
    """Every change in what was believed of a variant, oldest first, with the last one before."""
    columns = (stock_changes.c.at, stock_changes.c.availability, stock_changes.c.quantity)
    before = tx.execute(
        select(*columns)
        .where(stock_changes.c.variant_id == variant_id, stock_changes.c.at < since)
        .order_by(stock_changes.c.at.desc(), stock_changes.c.id.desc())
        .limit(1)
    ).all()
    after = tx.execute(
        select(*columns)
        .where(stock_changes.c.variant_id == variant_id, stock_changes.c.at >= since)
        .order_by(stock_changes.c.at.desc(), stock_changes.c.id.desc())
        .limit(CHANGES)
    ).all()
    return [
        Seen(at=row.at, availability=Availability(row.availability), quantity=row.quantity)
        for row in (*before, *reversed(after))
    ]


def on_their_way(tx: Connection, release_ids: Sequence[int]) -> tuple[int, int]:
    """People, and the units they ask for, who still count as waiting although their message of
    these releases is written. Who gets it is moved on at the same moment."""
    row = tx.execute(
        select(func.count(), func.coalesce(func.sum(subscriptions.c.quantity), 0))
        .select_from(messages)
        .join(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .where(
            and_(messages.c.release_id.in_(list(release_ids)), _ON_THEIR_WAY, _ABOUT_STOCK),
            subscriptions.c.state == SubscriptionState.WAITING.value,
        )
    ).one()
    return int(row[0]), int(row[1])


def add_purchase(tx: Connection, **values: Any) -> bool:
    """False when the shop has reported it before."""
    statement = insert_or(tx, purchases).values(**values)
    made = tx.execute(statement.on_conflict_do_nothing().returning(purchases.c.id))
    return made.scalar_one_or_none() is not None


def take_back_purchase(
    tx: Connection, *, shop_id: int, variant_id: int, ref: str, at: datetime
) -> bool:
    """It was called off: a row of no units, so that it is not counted when it is told again, late.
    True when it had been counted."""
    statement = insert_or(tx, purchases).values(
        shop_id=shop_id, variant_id=variant_id, ref=ref, at=at, units=0
    )
    if tx.execute(statement.on_conflict_do_nothing()).rowcount:
        return False
    done = tx.execute(
        update(purchases)
        .where(
            purchases.c.shop_id == shop_id,
            purchases.c.variant_id == variant_id,
            purchases.c.ref == ref,
            purchases.c.units > 0,
        )
        .values(units=0)
    )
    return bool(done.rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMessage:
    """The message by which somebody was told of a variant."""

    id: int
    release_id: int | None
    subscription_id: int | None


def message_that_told(
    tx: Connection,
    *,
    contact_ids: Sequence[int],
    variant_id: int,
    after: datetime,
    before: datetime,
) -> ToldMessage | None:
    """The latest message about a restock of the variant to one of these addresses."""
    row = tx.execute(
        select(messages.c.id, messages.c.release_id, messages.c.subscription_id)
        .join(events, events.c.id == messages.c.event_id)
        .where(
            messages.c.contact_id.in_(list(contact_ids)),
            events.c.variant_id == variant_id,
            messages.c.state.in_([state.value for state in _REACHED]),
            messages.c.finished_at.between(after, before),
            _ABOUT_STOCK,
        )
        .order_by(messages.c.id.desc())
        .limit(1)
    ).one_or_none()
    return ToldMessage(**row._mapping) if row else None
