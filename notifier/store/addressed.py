"""What must a sender know of those it writes to, and of what they asked for?

Read by the hundred while a release goes out, so only what is needed to check and to write a
message: each column of a row costs as much as its share of a statement. All of it: store/people.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from notifier.store.among import among, listed
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of, maker
from notifier.store.tables.people import contacts, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """An address, empty once it was erased. `time_zone`: what the browser said, or ''."""

    id: int
    medium: str
    address: str
    address_hash: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody waits for, and since when. `eta_days`: which new dates to hear of."""

    id: int
    contact_id: int
    product_id: int
    variant_id: int | None
    quantity: int
    physical_only: bool
    state: str
    created_at: datetime
    eta_days: int | None
    expires_at: datetime


_ADDRESSEES = Prepared(
    lambda dialect: select(*columns_of(contacts, Addressee)).where(
        among(contacts.c.id, "ids", dialect=dialect)
    ),
    by_dialect=True,
)
_WISHES = Prepared(
    lambda dialect: select(*columns_of(subscriptions, Wish)).where(
        among(subscriptions.c.id, "ids", dialect=dialect)
    ),
    by_dialect=True,
)
_make_addressee = maker(Addressee)
_make_wish = maker(Wish)


def find_addressees(tx: Connection, ids: Iterable[int]) -> dict[int, Addressee]:
    """By the contact's id, as far as they are there."""
    wanted = listed(list(set(ids)), dialect=tx.dialect.name)
    found = _ADDRESSEES.made(tx, {"ids": wanted}, _make_addressee)
    return {one.id: one for one in found}


def find_wishes(tx: Connection, ids: Iterable[int]) -> dict[int, Wish]:
    """By the subscription's id, as far as they are there."""
    wanted = listed(list(set(ids)), dialect=tx.dialect.name)
    return {one.id: one for one in _WISHES.made(tx, {"ids": wanted}, _make_wish)}
