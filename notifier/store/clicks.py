"""Who came to a product page by a link in a message?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from notifier.store.prepared import Prepared
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import clicks

MOST = 100  # of one message: a scanner that opens a link all day fills no disk

_SO_FAR = Prepared(
    select(func.count()).select_from(clicks).where(clicks.c.message_id == bindparam("of_message"))
)
_ADD = Prepared(insert(clicks))
_FIRST = Prepared(
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("of_subscription"), subscriptions.c.clicked_at.is_(None))
    .values(clicked_at=bindparam("moment"))
)


def record_click(
    tx: Connection, *, message_id: int, subscription_id: int | None, at: datetime
) -> bool:
    """Count one click; True for the subscription's first."""
    asked = {"of_message": message_id}
    if _SO_FAR.scalar(tx, asked) < MOST:
        _ADD.run(tx, {"message_id": message_id, "at": at})
    if subscription_id is None:
        return False
    return bool(_FIRST.run(tx, {"of_subscription": subscription_id, "moment": at}))
