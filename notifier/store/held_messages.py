"""Which messages wait, after a backup was restored, until a person has looked?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from notifier.domain.message import OPEN_STATES, MessageState
from notifier.store.tables.telling import messages


def hold_open(tx: Connection, *, reason: str) -> int:
    """Hold everything not finished until a person has looked; how many."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.state.in_([state.value for state in OPEN_STATES]),
            messages.c.finished_at.is_(None),
        )
        .values(state=MessageState.HELD.value, reason=reason, lease_owner=None, lease_until=None)
    )
    return int(done.rowcount)


def count_held(tx: Connection) -> int:
    return int(
        tx.execute(
            select(func.count())
            .select_from(messages)
            .where(messages.c.state == MessageState.HELD.value)
        ).scalar_one()
    )


def release_held(tx: Connection, *, send: bool, now: datetime) -> int:
    """Let held messages go, or drop them; how many."""
    values: dict[str, Any] = {"state": MessageState.DUE.value, "reason": "", "due_at": now}
    if not send:
        values = {
            "state": MessageState.SKIPPED.value,
            "reason": "dropped_after_restore",
            "finished_at": now,
        }
    done = tx.execute(
        update(messages).where(messages.c.state == MessageState.HELD.value).values(values)
    )
    return int(done.rowcount)
