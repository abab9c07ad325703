"""What is known of an address when somebody joins a line, and how is that written?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, text

from notifier.domain.subscription import SubscriptionState
from notifier.store.people import SubscriptionRow
from notifier.store.prepared import Prepared
from notifier.store.tables.people import ACTIVE, subscriptions
from notifier.store.upsert import insert_into

_ROW = [subscriptions.c[name] for name in SubscriptionRow.__slots__]
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
    lambda dialect: insert_into(dialect, subscriptions).on_conflict_do_nothing().returning(*_ROW),
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
