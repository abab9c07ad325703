"""Which messages of a release are taken back, since they cannot leave while others wait?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, func, select, update

from notifier.domain.message import MessageKind, MessageState
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import messages

STOCK_GONE, NO_TEXTS = "stock_gone", "no_texts_now"
# why a message was skipped that a later wave of its release may make due again
MAY_WAKE = (STOCK_GONE, NO_TEXTS)


def take_back(
    tx: Connection, release_id: int, *, medium: str, now: datetime
) -> dict[int, tuple[int, int]]:
    """Skip what is due of a release by this medium, for now: by wave, how many people that are and
    how many units they want. Not what is being sent, or may have arrived."""
    of_release = and_(messages.c.release_id == release_id, messages.c.medium == medium)
    moved = tx.execute(
        update(messages)
        .where(
            of_release,
            messages.c.state == MessageState.DUE.value,
            messages.c.kind == MessageKind.BACK_IN_STOCK.value,
        )
        .values(state=MessageState.SKIPPED.value, reason=NO_TEXTS, finished_at=now)
    )
    if not moved.rowcount:
        return {}
    rows = tx.execute(
        select(
            func.coalesce(messages.c.wave, 0).label("wave"),
            func.count().label("people"),
            func.sum(func.coalesce(subscriptions.c.quantity, 1)).label("units"),
        )
        .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .where(
            of_release,
            messages.c.state == MessageState.SKIPPED.value,
            messages.c.reason == NO_TEXTS,
            messages.c.finished_at == now,
        )
        .group_by(messages.c.wave)
    )
    return {row.wave: (int(row.people), int(row.units)) for row in rows}
