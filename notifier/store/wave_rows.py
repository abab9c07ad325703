"""How do thousands of people in a line get their messages at the price of one statement?

INSERT … SELECT over a stretch of the line, for releases that go by the order of asking. Who waits
twice for what the event tells gets one message, by the place that comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
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
from notifier.store.upsert import insert_into

Place = tuple[datetime, int]  # when somebody asked, and the subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRows:
    """What is the same in all messages of a stretch, and whose line it is.

    `variant_id` None: that of all who wait for anything of the product. `with_any`: also of those
    who wait for any variant. `physical` None: of everybody; else only of those who want goods that
    are there, or only of the others. `largest`: who wants more units is passed over.
    """

    shop_id: int
    release_id: int
    event_id: int
    product_id: int
    variant_id: int | None
    with_any: bool
    physical: bool | None
    largest: int | None
    started_at: datetime  # of the release
    wave: int
    kind: str
    priority: int
    mail_channel: str
    sms_channel: str
    now: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretched:
    """`end`: the last place looked at; None when the line ended. `passed`: somebody in it wants
    more than there is."""

    people: int
    units: int
    end: Place | None
    passed: bool


def insert_wave(
    tx: Connection, rows: WaveRows, *, after: Place | None, limit: int, most_units: int | None
) -> Stretched | None:
    """Messages for the next `limit` places behind one. Who has one for the event gets no second.

    None, and nothing is done, where all of them together want more than `most_units`.
    """
    form, values = _form_of(rows, after=after)
    end = tx.execute(_end_of(form), values | {"last": limit - 1}).one_or_none()
    if end is not None:
        values |= {"end_at": end.created_at, "end_id": end.id}
        form = replace(form, up_to=True)
    there = tx.execute(_wishes(form), values).one()
    if most_units is not None and there.units > most_units:
        return None
    before = tx.execute(_NEWEST).scalar_one()
    if end is None or end.created_at >= rows.started_at or _may_wait_twice(tx, rows):
        form = replace(form, one_by_one=True)
    people = tx.execute(_insert(tx.dialect.name, form), values).rowcount
    units = there.units
    if people != there.people:
        units = tx.execute(_UNITS, {"before": before, "release": rows.release_id}).scalar_one()
    return Stretched(
        people=people,
        units=int(units),
        end=(end.created_at, end.id) if end is not None else None,
        passed=there.passed > 0,
    )


def is_anybody_behind(tx: Connection, rows: WaveRows, place: Place) -> bool:
    """Whether the line goes on behind a place."""
    form, values = _form_of(rows, after=place)
    return tx.execute(_end_of(form), values | {"last": 0}).first() is not None


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
    if not others:
        return False
    due = select(messages.c.id).where(
        text(WANTED),
        messages.c.channel.in_(channels),
        messages.c.priority == priority,
        messages.c.release_id.in_(others),
    )
    sending = select(messages.c.id).where(
        text(f"state = '{MessageState.SENDING.value}'"), messages.c.release_id.in_(others)
    )
    return any(tx.execute(found.limit(1)).first() for found in (due, sending))


def has_gone_rows(tx: Connection, release_id: int) -> bool:
    """Whether messages of the release were skipped because stock was gone: they can be woken."""
    found = select(messages.c.id).where(
        messages.c.release_id == release_id,
        messages.c.state == MessageState.SKIPPED.value,
        messages.c.reason == "stock_gone",
    )
    return tx.execute(found.limit(1)).first() is not None


def _may_wait_twice(tx: Connection, rows: WaveRows) -> bool:
    """Whether one person can be in the line with two subscriptions: for the variant and for any,
    or for two variants. Nobody waits twice for the same at a time."""
    if rows.variant_id is None:
        return True
    return tx.execute(_ANY_VARIANT, {"product": rows.product_id}).first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What a statement is built for, once; the values come as parameters."""

    of_product: bool
    with_any: bool
    physical: bool | None
    largest: bool
    behind: bool  # a place
    up_to: bool = False  # another
    one_by_one: bool = False  # somebody may have a message, or come twice


def _form_of(rows: WaveRows, *, after: Place | None) -> tuple[_Form, dict[str, Any]]:
    """The form of a stretch, and its values."""
    values = {name: getattr(rows, name) for name in WaveRows.__slots__ if name != "physical"}
    if after is not None:
        values |= {"after_at": after[0], "after_id": after[1]}
    form = _Form(
        of_product=rows.variant_id is None,
        with_any=rows.with_any,
        physical=rows.physical,
        largest=rows.largest is not None,
        behind=after is not None,
    )
    return form, values


_NEWEST = select(func.coalesce(func.max(messages.c.id), 0))
_ANY_VARIANT = (
    select(subscriptions.c.id)
    .where(subscriptions.c.product_id == bindparam("product"), subscriptions.c.variant_id.is_(None))
    .limit(1)
)
_UNITS = (
    select(func.coalesce(func.sum(subscriptions.c.quantity), 0))
    .select_from(messages)
    .join(subscriptions, subscriptions.c.id == messages.c.subscription_id)
    .where(messages.c.id > bindparam("before"), messages.c.release_id == bindparam("release"))
)


@cache
def _end_of(form: _Form) -> Any:
    """The place so many places on."""
    return (
        select(subscriptions.c.created_at, subscriptions.c.id)
        .where(*_stretch(form))
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .offset(bindparam("last"))
        .limit(1)
    )


@cache
def _wishes(form: _Form) -> Any:
    """How many there are in it, what they want together, and how many of them want too much."""
    wanted = subscriptions.c.quantity
    if not form.largest:
        return select(
            func.count().label("people"),
            func.coalesce(func.sum(wanted), 0).label("units"),
            literal(0).label("passed"),
        ).where(*_stretch(form))
    fits = wanted <= bindparam("largest")
    return select(
        func.count(case((fits, 1))).label("people"),
        func.coalesce(func.sum(case((fits, wanted))), 0).label("units"),
        func.count(case((~fits, 1))).label("passed"),
    ).where(*_stretch(form))


@cache
def _insert(dialect: str, form: _Form) -> Any:
    where = _stretch(form)
    if form.largest:
        where.append(subscriptions.c.quantity <= bindparam("largest"))
    if form.one_by_one:
        where += [~_has_message(), ~_comes_again(form)]
    values = _columns()
    chosen = select(*values.values()).where(*where)
    return (
        insert_into(dialect, messages)
        .from_select(list(values), chosen.order_by(subscriptions.c.created_at, subscriptions.c.id))
        .on_conflict_do_nothing()
    )


def _stretch(form: _Form) -> list[Any]:
    where = _in_line(subscriptions, form)
    if form.behind:
        where.append(_place(subscriptions) > _named_place("after"))
    if form.up_to:
        where.append(_place(subscriptions) <= _named_place("end"))
    return where


def _in_line(table: Any, form: _Form) -> list[Any]:
    where = [
        table.c.product_id == bindparam("product_id"),
        table.c.state == SubscriptionState.WAITING.value,
    ]
    if not form.of_product:
        this = table.c.variant_id == bindparam("variant_id")
        where.append(or_(this, table.c.variant_id.is_(None)) if form.with_any else this)
    if form.physical is not None:
        where.append(table.c.physical_only if form.physical else ~table.c.physical_only)
    return where


def _place(table: Any) -> Any:
    return tuple_(table.c.created_at, table.c.id)


def _named_place(name: str) -> Any:
    return tuple_(_at(f"{name}_at", subscriptions.c.created_at), bindparam(f"{name}_id"))


def _at(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)


def _unindexed(column: Any) -> Any:
    """A person has few rows, an event or a product a million: no planner may look by these."""
    return column + 0


def _has_message() -> Any:
    return exists(
        select(messages.c.id).where(
            messages.c.contact_id == subscriptions.c.contact_id,
            _unindexed(messages.c.event_id) == bindparam("event_id"),
        )
    )


def _comes_again(form: _Form) -> Any:
    """Whether the same person has a place further ahead in the line."""
    ahead = subscriptions.alias("ahead")
    return exists(
        select(ahead.c.id).where(
            ahead.c.contact_id == subscriptions.c.contact_id,
            _unindexed(ahead.c.product_id) == bindparam("product_id"),
            and_(*_in_line(ahead, form)[1:]),
            _place(ahead) < _place(subscriptions),
        )
    )


def _columns() -> dict[str, Any]:
    """What each column of a message is filled with."""
    same = ("shop_id", "kind", "event_id", "release_id", "wave", "priority")
    is_sms = subscriptions.c.medium == Medium.SMS.value
    return {
        **{name: bindparam(name, type_=messages.c[name].type) for name in same},
        "medium": subscriptions.c.medium,
        "channel": case((is_sms, bindparam("sms_channel")), else_=bindparam("mail_channel")),
        "contact_id": subscriptions.c.contact_id,
        "subscription_id": subscriptions.c.id,
        "locale": subscriptions.c.locale,
        "state": literal(MessageState.DUE.value),
        "created_at": _at("now", messages.c.created_at),
        "due_at": _at("now", messages.c.due_at),
        "expires_at": _at("expires_at", messages.c.expires_at),
    }
