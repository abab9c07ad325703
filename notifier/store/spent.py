"""Which messages wait for another day because all that may be spent in one is spent?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, text, update

from notifier.domain.message import MessageState
from notifier.store.tables.telling import WANTED, messages


def wait_no_longer(tx: Connection, channel: str, *, codes: Collection[str], now: datetime) -> int:
    """Make those of a channel due now whose last try ended with one of these codes; how many."""
    moved = tx.execute(
        update(messages)
        .where(
            text(WANTED),  # what has an index; of the others there may be a million
            messages.c.channel == channel,
            messages.c.state == MessageState.DUE.value,
            messages.c.last_code.in_(codes),
            messages.c.due_at > now,
        )
        .values(due_at=now)
    )
    return moved.rowcount
