"""Up to where was a mailbox read, what was not given of it, and since when can it not be read?

Kept among the one-time things (`spent`): each mail is read once. A mailbox is known by a short
name of its own (`mailbox`, at most 32 characters), which differs from every other mailbox's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select

from notifier.store.limits import spend
from notifier.store.tables.operation import spent

KEPT = timedelta(days=400)  # longer than any mail is looked back for
_PLACE, _FILE, _FAILING, _REFUSED = "mailbox", "mailbox_file", "mailbox_failing", "mailbox_refused"
_WITHHELD = "mailbox_withheld"
CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Everything up to this UID was read, while the folder has this UIDVALIDITY (RFC 3501)."""

    validity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A mail that the server does not give, and since when, by the second."""

    uid: int
    since: datetime


def place_of(tx: Connection, mailbox: str) -> Place | None:
    """None: it was never read, or so long ago that nobody remembers."""
    query = select(spent.c.key).where(spent.c.kind == _PLACE, spent.c.key.startswith(f"{mailbox}:"))
    places = [key.split(":")[1:] for key in tx.execute(query).scalars()]
    found = [Place(validity=int(validity), uid=int(uid)) for validity, uid in places]
    return max(found, key=lambda one: one.uid, default=None)


def save_place(tx: Connection, mailbox: str, place: Place, *, now: datetime) -> None:
    """From here on it goes on."""
    before = spent.c.key.startswith(f"{mailbox}:")
    tx.execute(delete(spent).where(spent.c.kind == _PLACE, before))
    key = f"{mailbox}:{place.validity}:{place.uid}"
    spend(tx, _PLACE, key, expires_at=now + KEPT)


def withheld(tx: Connection, mailbox: str) -> list[Withheld]:
    """The mails that were passed over; the one that was asked for longest ago first."""
    query = (
        select(spent.c.key)
        .where(spent.c.kind == _WITHHELD, spent.c.key.startswith(f"{mailbox}:"))
        .order_by(spent.c.expires_at, spent.c.key)
    )
    found = [key.split(":")[1:] for key in tx.execute(query).scalars()]
    return [
        Withheld(uid=int(uid), since=datetime.fromtimestamp(int(since), UTC))
        for uid, since in found
    ]


def withhold(tx: Connection, mailbox: str, one: Withheld, *, now: datetime) -> None:
    """It was asked for just now, and not given."""
    forget_withheld(tx, mailbox, uid=one.uid)
    key = f"{mailbox}:{one.uid}:{int(one.since.timestamp())}"
    spend(tx, _WITHHELD, key, expires_at=now + KEPT)


def forget_withheld(tx: Connection, mailbox: str, *, uid: int | None = None) -> None:
    """Of one mail, or of all."""
    start = f"{mailbox}:" if uid is None else f"{mailbox}:{uid}:"
    tx.execute(delete(spent).where(spent.c.kind == _WITHHELD, spent.c.key.startswith(start)))


def unread_files(tx: Connection, mailbox: str, names: Sequence[str]) -> list[str]:
    """Which of these were not read, in their order."""
    read: set[str] = set()
    for start in range(0, len(names), CHUNK):
        keys = [f"{mailbox}:{name}" for name in names[start : start + CHUNK]]
        query = select(spent.c.key).where(spent.c.kind == _FILE, spent.c.key.in_(keys))
        read |= set(tx.execute(query).scalars())
    return [name for name in names if f"{mailbox}:{name}" not in read]


def save_files(tx: Connection, mailbox: str, names: Sequence[str], *, now: datetime) -> None:
    """These were read. A name has 64 characters at most."""
    for name in names:
        spend(tx, _FILE, f"{mailbox}:{name}", expires_at=now + KEPT)


def failing_since(tx: Connection, mailbox: str, *, now: datetime) -> datetime:
    """It could not be read just now: since when that is so."""
    spend(tx, _FAILING, mailbox, expires_at=now + KEPT)
    query = select(spent.c.expires_at).where(spent.c.kind == _FAILING, spent.c.key == mailbox)
    until: datetime = tx.execute(query).scalar_one()
    return until - KEPT


def works_again(tx: Connection, mailbox: str) -> None:
    """It could be read."""
    tx.execute(delete(spent).where(spent.c.kind == _FAILING, spent.c.key == mailbox))


def refuse_until(tx: Connection, login: str, until: datetime) -> None:
    """The server refused this login: it is not tried again before then."""
    tx.execute(delete(spent).where(spent.c.kind == _REFUSED, spent.c.key == login))
    spend(tx, _REFUSED, login, expires_at=until)


def refused_until(tx: Connection, login: str) -> datetime | None:
    query = select(spent.c.expires_at).where(spent.c.kind == _REFUSED, spent.c.key == login)
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found
