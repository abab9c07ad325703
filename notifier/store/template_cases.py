"""Which messages and sign-ups are the latest of a shop, to preview a template with?

Looks at the newest rows only, by their ids: a kind that was sent once, long ago, is not worth
reading a million rows for.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import messages

NEWEST = 20_000  # rows looked at


def latest_messages(tx: Connection, *, shop_id: int, kind: str, limit: int) -> list[int]:
    """Ids of the shop's latest messages of a kind, the newest first."""
    top = select(func.coalesce(func.max(messages.c.id), 0)).scalar_subquery()
    query = (
        select(messages.c.id)
        .where(
            messages.c.id > top - NEWEST,
            messages.c.shop_id == shop_id,
            messages.c.kind == kind,
        )
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def latest_subscriptions(tx: Connection, *, shop_id: int, limit: int) -> list[int]:
    """Ids of the shop's latest sign-ups, the newest first."""
    top = select(func.coalesce(func.max(subscriptions.c.id), 0)).scalar_subquery()
    query = (
        select(subscriptions.c.id)
        .where(subscriptions.c.id > top - NEWEST, subscriptions.c.shop_id == shop_id)
        .order_by(subscriptions.c.id.desc())
        .limit(limit)
    )
    return list(tx.execute(query).scalars())
