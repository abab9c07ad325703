"""By which statements is a stretch of a line told? Each is built once for each form of line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from notifier.domain.message import Medium, MessageState
from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import messages
from notifier.store.unindexed import unindexed
from notifier.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a statement is built for, once; the values come as parameters."""

    of_product: bool
    with_any: bool
    physical: bool | None
    largest: bool
    behind: bool  # a place
    up_to: bool = False  # another
    one_by_one: bool = False  # somebody may have a message, or come twice


@cache
def end_of(form: Form) -> Any:
    """The place so many places on."""
    return (
        select(subscriptions.c.created_at, subscriptions.c.id)
        .where(*_stretch(form))
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .offset(bindparam("last"))
        .limit(1)
    )


@cache
def texted_in(form: Form) -> Any:
    """One of the first so many who is told by SMS."""
    first = (
        select(subscriptions.c.medium)
        .where(*_stretch(form))
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .limit(bindparam("among"))
        .subquery()
    )
    return select(first.c.medium).where(first.c.medium == Medium.SMS.value).limit(1)


@cache
def wishes_in(form: Form) -> Any:
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
def insert_stretch(dialect: str, form: Form, *, new: bool = False) -> Any:
    """Messages to all in it. With `new` it is an error when one of them has one."""
    where = _stretch(form)
    if form.largest:
        where.append(subscriptions.c.quantity <= bindparam("largest"))
    if form.one_by_one:
        where += [~_has_message(), ~_comes_again(form)]
    values = _columns()
    chosen = select(*values.values()).where(*where)
    statement = insert_into(dialect, messages).from_select(
        list(values), chosen.order_by(subscriptions.c.created_at, subscriptions.c.id)
    )
    if new:
        return statement
    return statement.on_conflict_do_nothing(
        index_elements=["event_id", "subscription_id", "medium"]
    )


def _stretch(form: Form) -> list[Any]:
    where = _in_line(subscriptions, form)
    if form.behind:
        where.append(_place(subscriptions) > _named_place("after"))
    if form.up_to:
        where.append(_place(subscriptions) <= _named_place("end"))
    return where


def _in_line(
    table: Any, form: Form, seen: Callable[[Any], Any] = lambda column: column
) -> list[Any]:
    """`seen`: how a column is named by which rows might be looked for."""
    where = [
        seen(table.c.product_id) == bindparam("product_id"),
        seen(table.c.state) == SubscriptionState.WAITING.value,
    ]
    if not form.of_product:
        variant = seen(table.c.variant_id)
        this = variant == bindparam("variant_id")
        where.append(or_(this, variant.is_(None)) if form.with_any else this)
    if form.physical is not None:
        where.append(table.c.physical_only if form.physical else ~table.c.physical_only)
    return where


def _place(table: Any) -> Any:
    return tuple_(table.c.created_at, table.c.id)


def _named_place(name: str) -> Any:
    return tuple_(_at(f"{name}_at", subscriptions.c.created_at), bindparam(f"{name}_id"))


def _at(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)


def _has_message() -> Any:
    return _any_of_a_person(
        select(messages.c.id).where(
            messages.c.contact_id == subscriptions.c.contact_id,
            unindexed(messages.c.event_id) == bindparam("event_id"),
        )
    )


def _comes_again(form: Form) -> Any:
    """Whether the same person has a place further ahead in the line."""
    ahead = subscriptions.alias("ahead")
    return _any_of_a_person(
        select(ahead.c.id).where(
            ahead.c.contact_id == subscriptions.c.contact_id,
            *_in_line(ahead, form, unindexed),
            _place(ahead) < _place(subscriptions),
        )
    )


def _any_of_a_person(rows: Any) -> Any:
    """Whether there is one, looked for by the person each time.

    With an offset PostgreSQL leaves the question as it stands. Else it may make a join of it: it
    took the last 1,617 of a line for many more and read a million messages to compare them with,
    700 ms during which nobody else could write there.
    """
    return exists(rows.offset(literal_column("0")))


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
