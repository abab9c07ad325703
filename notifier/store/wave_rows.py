"""How do thousands of people in a line get their messages at the price of one statement?

INSERT … SELECT over a stretch of the line, for releases that tell everybody. Who waits twice for
what the event tells gets one message, by the place that comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)

from notifier.domain.message import Medium, MessageState
from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import WANTED, messages, releases
from notifier.store.upsert import insert_or

Place = tuple[datetime, int]  # when somebody asked, and the subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRows:
    """What is the same in all messages of a stretch. `physical`: None for everybody; else only
    those who want goods that are there, or only the others."""

    shop_id: int
    release_id: int
    event_id: int
    product_id: int
    variant_id: int
    wave: int
    kind: str
    priority: int
    mail_channel: str
    sms_channel: str
    physical: bool | None
    now: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretched:
    """`end`: the last place looked at; None when the line ended."""

    people: int
    units: int
    end: Place | None


def insert_wave(tx: Connection, rows: WaveRows, *, after: Place | None, limit: int) -> Stretched:
    """Messages for the next `limit` places behind one. Who has one for the event gets no second."""
    line = [*_in_line(subscriptions, rows)]
    if after is not None:
        line.append(_place(subscriptions) > _literal_place(after))
    end = tx.execute(
        select(subscriptions.c.created_at, subscriptions.c.id)
        .where(*line)
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .offset(limit - 1)
        .limit(1)
    ).one_or_none()
    if end is not None:
        line.append(_place(subscriptions) <= _literal_place((end.created_at, end.id)))
    before = tx.execute(select(func.coalesce(func.max(messages.c.id), 0))).scalar_one()
    values = _values(rows)
    chosen = select(*values.values()).where(*line, ~_has_message(rows), ~_comes_again(rows))
    tx.execute(
        insert_or(tx, messages)
        .from_select(list(values), chosen.order_by(subscriptions.c.created_at, subscriptions.c.id))
        .on_conflict_do_nothing()
    )
    people, units = tx.execute(
        select(func.count(), func.coalesce(func.sum(subscriptions.c.quantity), 0))
        .select_from(messages)
        .join(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .where(messages.c.id > before, messages.c.release_id == rows.release_id)
    ).one()
    return Stretched(people=people, units=int(units), end=tuple(end) if end is not None else None)


def is_told_elsewhere(
    tx: Connection, *, release_id: int, product_id: int, channels: Sequence[str], priority: int
) -> bool:
    """Whether messages of another release of the product are on their way: then each person's
    have to be looked at."""
    others = [
        row.id
        for row in tx.execute(
            select(releases.c.id).where(
                releases.c.product_id == product_id, releases.c.id != release_id
            )
        )
    ]
    due = text(WANTED)
    for other in others:
        for channel in channels:
            found = select(messages.c.id).where(
                due,
                messages.c.channel == channel,
                messages.c.priority == priority,
                messages.c.release_id == other,
            )
            if tx.execute(found.limit(1)).first():
                return True
    sending = text(f"state = '{MessageState.SENDING.value}'")
    found = select(messages.c.id).where(sending, messages.c.release_id.in_(others))
    return bool(others and tx.execute(found.limit(1)).first())


def has_gone_rows(tx: Connection, release_id: int) -> bool:
    """Whether messages of the release were skipped because stock was gone: they can be woken."""
    found = select(messages.c.id).where(
        messages.c.release_id == release_id,
        messages.c.state == MessageState.SKIPPED.value,
        messages.c.reason == "stock_gone",
    )
    return tx.execute(found.limit(1)).first() is not None


def _in_line(table: Any, rows: WaveRows) -> list[Any]:
    where = [
        table.c.product_id == rows.product_id,
        table.c.state == SubscriptionState.WAITING.value,
        or_(table.c.variant_id == rows.variant_id, table.c.variant_id.is_(None)),
    ]
    if rows.physical is not None:
        where.append(table.c.physical_only if rows.physical else ~table.c.physical_only)
    return where


def _place(table: Any) -> Any:
    return tuple_(table.c.created_at, table.c.id)


def _literal_place(place: Place) -> Any:
    at, id_ = place
    return tuple_(literal(at, subscriptions.c.created_at.type), literal(id_))


def _unindexed(column: Any) -> Any:
    """A person has few rows, an event or a product a million: no planner may look by these."""
    return column + 0


def _has_message(rows: WaveRows) -> Any:
    return exists(
        select(messages.c.id).where(
            messages.c.contact_id == subscriptions.c.contact_id,
            _unindexed(messages.c.event_id) == rows.event_id,
        )
    )


def _comes_again(rows: WaveRows) -> Any:
    """Whether the same person has a place further ahead in the line."""
    ahead = subscriptions.alias("ahead")
    return exists(
        select(ahead.c.id).where(
            ahead.c.contact_id == subscriptions.c.contact_id,
            _unindexed(ahead.c.product_id) == rows.product_id,
            and_(*_in_line(ahead, rows)[1:]),
            _place(ahead) < _place(subscriptions),
        )
    )


def _values(rows: WaveRows) -> dict[str, Any]:
    return {
        "shop_id": literal(rows.shop_id),
        "kind": literal(rows.kind),
        "medium": subscriptions.c.medium,
        "channel": case(
            (subscriptions.c.medium == Medium.SMS.value, rows.sms_channel), else_=rows.mail_channel
        ),
        "contact_id": subscriptions.c.contact_id,
        "subscription_id": subscriptions.c.id,
        "event_id": literal(rows.event_id),
        "release_id": literal(rows.release_id),
        "wave": literal(rows.wave),
        "locale": subscriptions.c.locale,
        "priority": literal(rows.priority),
        "state": literal(MessageState.DUE.value),
        "created_at": literal(rows.now, messages.c.created_at.type),
        "due_at": literal(rows.now, messages.c.due_at.type),
        "expires_at": literal(rows.expires_at, messages.c.expires_at.type),
    }
