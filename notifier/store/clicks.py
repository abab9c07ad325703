"""Who came to a product page by a link in a message?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import clicks

MOST = 100  # of one message: a scanner that opens a link all day fills no disk


def record_click(
    tx: Connection, *, message_id: int, subscription_id: int | None, at: datetime
) -> bool:
    """Count one click; True for the subscription's first."""
    so_far = tx.execute(
        select(func.count()).select_from(clicks).where(clicks.c.message_id == message_id)
    ).scalar_one()
    if so_far < MOST:
        tx.execute(insert(clicks).values(message_id=message_id, at=at))
    if subscription_id is None:
        return False
    first = tx.execute(
        update(subscriptions)
        .where(subscriptions.c.id == subscription_id, subscriptions.c.clicked_at.is_(None))
        .values(clicked_at=at)
    )
    return bool(first.rowcount)
