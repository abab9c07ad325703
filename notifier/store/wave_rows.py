"""How do thousands of people in a line get their messages at the price of one statement?

INSERT … SELECT over a stretch of the line, for releases that go by the order of asking. Who waits
twice for what the event tells gets one message, by the place that comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.exc import IntegrityError

from notifier.domain.message import MessageState
from notifier.log import log
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import SENDING, WANTED, messages, releases
from notifier.store.taken_back import MAY_WAKE
from notifier.store.wave_statements import Form, end_of, insert_stretch, texted_in, wishes_in

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
    _need_not_be_on_disk(tx)
    form, values = _form_of(rows, after=after)
    end = tx.execute(end_of(form), values | {"last": limit - 1}).one_or_none()
    if end is not None:
        values |= {"end_at": end.created_at, "end_id": end.id}
        form = replace(form, up_to=True)
    there = tx.execute(wishes_in(form), values).one()
    if most_units is not None and there.units > most_units:
        return None
    before = tx.execute(_NEWEST).scalar_one()
    if end is None or end.created_at >= rows.started_at or _may_wait_twice(tx, rows):
        form = replace(form, one_by_one=True)
    people = _insert(tx, form, values, wave=rows.wave)
    units = there.units
    if people != there.people:
        units = tx.execute(_UNITS, {"before": before, "release": rows.release_id}).scalar_one()
    return Stretched(
        people=people,
        units=int(units),
        end=(end.created_at, end.id) if end is not None else None,
        passed=there.passed > 0,
    )


def _insert(tx: Connection, form: Form, values: dict[str, Any], *, wave: int) -> int:
    """How many messages were written. On PostgreSQL it costs a sixth to ask for each row whether
    there is one already: in a first wave only where the database finds one."""
    dialect = tx.dialect.name
    if dialect == "postgresql" and wave == 1 and not form.one_by_one:
        try:
            with tx.begin_nested():
                return int(tx.execute(insert_stretch(dialect, form, new=True), values).rowcount)
        except IntegrityError:
            log.info("somebody has a message already", release=values["release_id"])
    return int(tx.execute(insert_stretch(dialect, form), values).rowcount)


def _need_not_be_on_disk(tx: Connection) -> None:
    """Let PostgreSQL commit without waiting for its disk.

    After a crash of the server the release is where it was, and goes on from there. Nobody has been
    told by then: a sender takes a message in a transaction of its own, whose commit waits until all
    that was committed before is on disk, too.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SET LOCAL synchronous_commit = off")


def is_anybody_behind(tx: Connection, rows: WaveRows, place: Place) -> bool:
    """Whether the line goes on behind a place."""
    form, values = _form_of(rows, after=place)
    return tx.execute(end_of(form), values | {"last": 0}).first() is not None


def is_anybody_texted(tx: Connection, rows: WaveRows, *, after: Place | None, among: int) -> bool:
    """Whether any of the next `among` behind a place is told by SMS."""
    form, values = _form_of(rows, after=after)
    return tx.execute(texted_in(form), values | {"among": among}).first() is not None


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
    sending = select(messages.c.id).where(text(SENDING), messages.c.release_id.in_(others))
    return any(tx.execute(found.limit(1)).first() for found in (due, sending))


def has_skipped_rows(tx: Connection, release_id: int) -> bool:
    """Whether messages of the release were skipped for now: they can be woken."""
    found = select(messages.c.id).where(
        messages.c.release_id == release_id,
        messages.c.state == MessageState.SKIPPED.value,
        messages.c.reason.in_(MAY_WAKE),
    )
    return tx.execute(found.limit(1)).first() is not None


def _may_wait_twice(tx: Connection, rows: WaveRows) -> bool:
    """Whether one person can be in the line with two subscriptions: for the variant and for any,
    or for two variants. Nobody waits twice for the same at a time."""
    if rows.variant_id is None:
        return True
    return tx.execute(_ANY_VARIANT, {"product": rows.product_id}).first() is not None


def _form_of(rows: WaveRows, *, after: Place | None) -> tuple[Form, dict[str, Any]]:
    """The form of a stretch, and its values."""
    values = {name: getattr(rows, name) for name in WaveRows.__slots__ if name != "physical"}
    if after is not None:
        values |= {"after_at": after[0], "after_id": after[1]}
    form = Form(
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
