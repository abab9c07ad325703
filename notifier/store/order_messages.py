"""Which messages were made about an order line, and how did each fare?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from notifier.domain.message import MessageState
from notifier.store.tables.telling import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message. `signature` says which news it is."""

    id: int
    kind: str
    medium: str
    state: str
    reason: str
    signature: str
    contact_id: int | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


def messages_of(tx: Connection, line_id: int) -> list[Sent]:
    """All messages about one line, oldest first."""
    rows = tx.execute(
        select(
            messages.c.id,
            messages.c.kind,
            messages.c.medium,
            messages.c.state,
            messages.c.reason,
            messages.c.facts,
            messages.c.contact_id,
            messages.c.created_at,
            messages.c.finished_at,
        )
        .where(messages.c.order_line_id == line_id)
        .order_by(messages.c.id)
    )
    return [
        Sent(
            id=row.id,
            kind=row.kind,
            medium=row.medium,
            state=row.state,
            reason=row.reason,
            signature=str((row.facts or {}).get("signature", "")),
            contact_id=row.contact_id,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
        for row in rows
    ]


def skip_unsent(tx: Connection, ids: Sequence[int], *, reason: str, now: datetime) -> None:
    """Finish those of these messages that nobody is sending, or about to send, at this moment.

    Who claims a message locks it before its line, and we hold the line: waiting for him here would
    be a deadlock. He looks again whether it is still wanted.
    """
    if ids:
        free = (
            select(messages.c.id)
            .where(
                messages.c.id.in_(list(ids)),
                messages.c.state != MessageState.SENDING.value,
                messages.c.finished_at.is_(None),
            )
            .with_for_update(skip_locked=True)
        )
        tx.execute(
            update(messages)
            .where(messages.c.id.in_(free))
            .values(state=MessageState.SKIPPED.value, reason=reason, finished_at=now)
        )
