"""What is known of an address when somebody joins a line, and how is that written?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)

from notifier.domain.subscription import SubscriptionState
from notifier.store.among import among, listed
from notifier.store.many_rows import ManyRows
from notifier.store.people import SUBSCRIPTION, SubscriptionRow
from notifier.store.prepared import Prepared
from notifier.store.tables.operation import limits
from notifier.store.tables.people import ACTIVE, contacts, subscriptions, suppressions
from notifier.store.upsert import insert_into

_UNCONFIRMED = subscriptions.c.state == SubscriptionState.UNCONFIRMED.value
_IN_TIME = subscriptions.c.expires_at > bindparam("now", type_=subscriptions.c.expires_at.type)

_STANDING = Prepared(
    select(
        func.count().filter(and_(text(ACTIVE), or_(~_UNCONFIRMED, _IN_TIME))).label("active"),
        func.count(subscriptions.c.confirmed_at).label("confirmed"),
        func.count().filter(and_(_UNCONFIRMED, _IN_TIME)).label("confirming"),
    ).where(
        subscriptions.c.contact_id == bindparam("of_contact"),
        subscriptions.c.shop_id == bindparam("of_shop"),
    )
)
_JOIN = Prepared(
    lambda dialect: (
        insert_into(dialect, subscriptions).on_conflict_do_nothing().returning(*SUBSCRIPTION)
    ),
    by_dialect=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An address in one shop.

    `active`: wishes that count against the limit; requests nobody confirmed in time do not.
    `has_confirmed`: it has shown before that it belongs to the one who asks.
    `confirming`: requests that may still be confirmed.
    """

    active: int
    has_confirmed: bool
    confirming: int


def standing_of(tx: Connection, *, contact_id: int, shop_id: int, now: datetime) -> Standing:
    """How an address stands in a shop before it asks for more."""
    row = _STANDING.first(tx, {"of_contact": contact_id, "of_shop": shop_id, "now": now})
    return Standing(active=row.active, has_confirmed=row.confirmed > 0, confirming=row.confirming)


def join(tx: Connection, **values: Any) -> SubscriptionRow | None:
    """A new subscription; None when an active one for the same target exists already."""
    row = _JOIN.first(tx, values)
    return SubscriptionRow(**row._asdict()) if row else None


def _about(dialect: str) -> Any:
    one_kept = (
        select(subscriptions.c.id)
        .where(
            subscriptions.c.contact_id == contacts.c.id,
            subscriptions.c.shop_id == bindparam("of_shop"),
        )
        .limit(1)
        .scalar_subquery()  # and no EXISTS: that may become a join with all subscriptions
    )
    never = cast(null(), limits.c.ends_at.type)
    return union_all(
        select(limits.c.bucket.label("word"), limits.c.count.label("hits"), limits.c.ends_at).where(
            among(limits.c.bucket, "buckets", dialect=dialect, kind=Text())
        ),
        select(contacts.c.address_hash, literal(0), never).where(
            among(contacts.c.address_hash, "hashes", dialect=dialect, kind=Text()),
            one_kept.is_not(None),
        ),
        select(suppressions.c.address_hash, literal(0), never).where(
            suppressions.c.lifted_at.is_(None),
            among(suppressions.c.address_hash, "hashes", dialect=dialect, kind=Text()),
        ),
    )


_ABOUT = Prepared(_about, by_dialect=True)
_CONTACTS = ManyRows(
    contacts,
    ("medium", "address", "address_hash", "time_zone", "created_at"),
    conflict="(address_hash) DO UPDATE SET address = excluded.address, time_zone = CASE WHEN"
    " excluded.time_zone <> '' THEN excluded.time_zone ELSE contacts.time_zone END,"
    " erased_at = NULL",
    returning=("address_hash", "id"),
)
_JOIN_ALL = ManyRows(
    subscriptions,
    (
        *("shop_id", "contact_id", "product_id", "variant_id", "target", "medium", "locale"),
        *("quantity", "physical_only", "accepts_marketing", "state", "origin", "page_url"),
        *("created_at", "asked_at", "confirmed_at", "expires_at", "eta_told"),
    ),
    conflict="DO NOTHING",
    returning=("contact_id", "id"),
)


def ask_known_of(
    tx: Connection,
    hashes: Sequence[str],
    *,
    shop_id: int,
    buckets: Sequence[str],
    now: datetime,
) -> Callable[[], dict[str, int]]:
    """Which addresses have ever asked for anything in the shop or are suppressed somewhere, by
    hash, and what still counts in which of the limits, by bucket: with one statement. As
    Prepared.ask."""
    values = {
        "of_shop": shop_id,
        "hashes": listed(list(hashes), dialect=tx.dialect.name),
        "buckets": listed(list(buckets), dialect=tx.dialect.name),
    }
    rows = _ABOUT.ask(tx, values)

    def read() -> dict[str, int]:
        found: dict[str, int] = {}
        for word, hits, ends_at in rows():
            if ends_at is None or ends_at > now:
                found[word] = found.get(word, 0) + int(hits)
        return found

    return read


def ask_for_contacts(
    tx: Connection, who: Sequence[tuple[str, str, str, str]], *, now: datetime
) -> Callable[[], dict[str, int]]:
    """people.ensure_contact for several: medium, address, its hash, time zone. Ids by hash. As
    Prepared.ask."""
    names = ("medium", "address", "address_hash", "time_zone")
    rows = [{**dict(zip(names, one, strict=True)), "created_at": now} for one in who]
    rows.sort(key=lambda row: str(row["address_hash"]))  # one order for all: no deadlocks
    made = _CONTACTS.ask(tx, rows)
    return lambda: {address_hash: int(id_) for address_hash, id_ in made()}


def join_all(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """`join` for several people: the new subscriptions by contact; none where one is active."""
    return {int(contact): int(id_) for contact, id_ in _JOIN_ALL.insert(tx, rows)}
