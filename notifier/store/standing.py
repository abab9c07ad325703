"""Does somebody still want a message, as far as rows about the person say?

One query for some messages, all by primary keys and the index on suppressed addresses: it is asked
again and again while a batch is being sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select

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
# Built once: building a statement anew costs several times what running it does.
_ASKED = (
    select(messages.c.id, contacts.c.address, subscriptions.c.state, suppressions.c.reason)
    .select_from(messages)
    .outerjoin(contacts, contacts.c.id == messages.c.contact_id)
    .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
    .outerjoin(suppressions, _SUPPRESSED)
)


def standings(tx: Connection, message_ids: Iterable[int]) -> dict[int, Standing]:
    """By message id. A message whose row is gone is absent."""
    found: dict[int, Standing] = {}
    for id_, address, state, reason in tx.execute(
        _ASKED.where(messages.c.id.in_(list(message_ids)))
    ):
        before = found.get(id_)
        suppressed = reason or (before.suppressed if before else "")
        found[id_] = Standing(has_address=bool(address), suppressed=suppressed, state=state)
    return found
