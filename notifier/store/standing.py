"""Does somebody still want a message, as far as rows about the person say?

One query for some messages, all by primary keys and the index on suppressed addresses: it is asked
again and again while a batch is being sent. `doubtful` leaves out those of whom nothing is to be
said, which are nearly all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from notifier.domain.message import NEEDED_STATES
from notifier.domain.subscription import SubscriptionState
from notifier.store.among import among, each, listed
from notifier.store.prepared import Prepared
from notifier.store.tables.people import contacts, subscriptions, suppressions
from notifier.store.tables.telling import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`suppressed`: why the address is not written to, empty where it may be. `state`: that of the
    subscription; None where the row is gone, and for messages about none."""

    has_address: bool
    suppressed: str
    state: str | None


_SUPPRESSED = and_(
    suppressions.c.address_hash == contacts.c.address_hash,
    suppressions.c.lifted_at.is_(None),
    or_(suppressions.c.shop_id.is_(None), suppressions.c.shop_id == messages.c.shop_id),
    or_(
        suppressions.c.product_id.is_(None),
        suppressions.c.product_id == subscriptions.c.product_id,
    ),
)


def _asked(dialect: str) -> Any:
    return (
        select(
            messages.c.id,
            contacts.c.address,
            subscriptions.c.state,
            suppressions.c.reason,
        )
        .select_from(messages)
        .outerjoin(contacts, contacts.c.id == messages.c.contact_id)
        .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .outerjoin(suppressions, _SUPPRESSED)
        .where(among(messages.c.id, "ids", dialect=dialect))
    )


_ASKED = Prepared(_asked, by_dialect=True)


def _doubtful(dialect: str) -> Any:
    asked = each("ids", dialect=dialect)
    needed = case(
        *[(messages.c.kind == kind, state) for kind, state in NEEDED_STATES.items()],
        else_=SubscriptionState.WAITING.value,
    )
    return (
        select(asked.c.value)
        .select_from(asked)
        .outerjoin(messages, messages.c.id == asked.c.value)
        .outerjoin(contacts, contacts.c.id == messages.c.contact_id)
        .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .where(
            or_(
                contacts.c.id.is_(None),
                contacts.c.address == "",
                messages.c.order_line_id.is_not(None),
                and_(
                    messages.c.subscription_id.is_not(None),
                    func.coalesce(subscriptions.c.state, "") != needed,
                ),
                exists().where(
                    suppressions.c.address_hash == contacts.c.address_hash,
                    suppressions.c.lifted_at.is_(None),
                ),
            )
        )
    )


_DOUBTFUL = Prepared(_doubtful, by_dialect=True)


def doubtful(tx: Connection, message_ids: Sequence[int]) -> set[int]:
    """Which of these messages to people have to be looked at closely, see `standings`: all those
    that are perhaps not wanted any more, and all about orders."""
    ids = listed(message_ids, dialect=tx.dialect.name)
    return {row[0] for row in _DOUBTFUL.rows(tx, {"ids": ids})}


def standings(tx: Connection, message_ids: Sequence[int]) -> dict[int, Standing]:
    """By message id. A message whose row is gone is absent."""
    found: dict[int, Standing] = {}
    ids = listed(message_ids, dialect=tx.dialect.name)
    for id_, address, state, reason in _ASKED.rows(tx, {"ids": ids}):
        before = found.get(id_)
        suppressed = reason or (before.suppressed if before else "")
        found[id_] = Standing(has_address=bool(address), suppressed=suppressed, state=state)
    return found
