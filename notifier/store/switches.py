"""What has been switched off, by whom and until when?

Names: `sending` (everything), `shop:<slug>`, `alerts:<slug>`, `channel:<name>`; and
`spent:<channel>`, `spent:<channel>/<slug>` where no more money may be spent today.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from notifier.store.prepared import Prepared
from notifier.store.tables.operation import switches
from notifier.store.upsert import insert_or

SENDING = "sending"
LONGEST = 64
ITSELF = "the channel itself"  # who switches off a channel that cannot work, for some minutes


def of_shop(slug: str) -> str:
    """The switch of one shop: while it is off, nothing of that shop is sent."""
    return _named("shop", slug)


def of_alerts(slug: str) -> str:
    """The switch of a shop's alerts: while it is off, only what is owed leaves."""
    return _named("alerts", slug)


def of_channel(name: str) -> str:
    """The switch of one channel."""
    return _named("channel", name)


def of_spending(channel: str, *, shop: str = "") -> str:
    """The switch of what a channel may spend in a day, or may for one shop: it is tried all the
    same, as a shorter text may fit."""
    return _named("spent", f"{channel}/{shop}" if shop else channel)


def _named(sort: str, name: str) -> str:
    """As long as its column at most; of a longer name, its beginning and its digest."""
    whole = f"{sort}:{name}"
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[: LONGEST - 13]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Off:
    name: str
    why: str
    by: str
    at: datetime
    until: datetime | None


def turn(
    tx: Connection,
    name: str,
    *,
    off: bool,
    why: str,
    by: str,
    at: datetime,
    until: datetime | None = None,
) -> None:
    values = {"off": off, "why": why, "by": by, "at": at, "until": until}
    statement = insert_or(tx, switches).values(name=name, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def on_since(tx: Connection, name: str) -> datetime | None:
    """When it was switched on again; None where it never was off, or is."""
    query = select(switches.c.at).where(switches.c.name == name, ~switches.c.off)
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found


def all_off(tx: Connection, *, now: datetime) -> dict[str, Off]:
    """Everything that is off now."""
    return {row.name: Off(**row._asdict()) for row in _ALL_OFF.rows(tx, {"now": now})}


_ALL_OFF = Prepared(
    select(switches.c.name, switches.c.why, switches.c.by, switches.c.at, switches.c.until).where(
        switches.c.off,
        or_(
            switches.c.until.is_(None),
            and_(
                switches.c.until > bindparam("now"),
                # not for hours because the clock was set back; a person means the hour by the clock
                or_(switches.c.at <= bindparam("now"), switches.c.by != ITSELF),
            ),
        ),
    )
)
