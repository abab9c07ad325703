"""What was sent to a webhook lately, and how did it fare?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text, update

from notifier.domain.message import MessageState
from notifier.store.outbox import RECORD, MessageRecord, as_record
from notifier.store.tables.telling import TO_HOOKS, messages

# Spelled out: SQLite takes a partial index only for the words it was made with.
_TO_HOOKS = text(TO_HOOKS)


def latest(
    tx: Connection, *, channel: str, before: int | None = None, limit: int
) -> list[MessageRecord]:
    """The newest first."""
    query = select(*RECORD).where(messages.c.channel == channel, _TO_HOOKS)
    if before is not None:
        query = query.where(messages.c.id < before)
    rows = tx.execute(query.order_by(messages.c.id.desc()).limit(limit))
    return [as_record(row) for row in rows]


def send_again(
    tx: Connection, message_id: int, *, channel: str, expires_at: datetime, now: datetime
) -> bool:
    """Make one due now, under the same id; False when there is none, or it is under way."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.id == message_id,
            messages.c.channel == channel,
            _TO_HOOKS,
            messages.c.state.not_in([MessageState.SENDING.value, MessageState.UNKNOWN.value]),
        )
        .values(
            state=MessageState.DUE.value,
            reason="",
            due_at=now,
            expires_at=expires_at,
            failures=0,
            unknowns=0,
            finished_at=None,
        )
    )
    return done.rowcount > 0
