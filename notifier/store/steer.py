"""What becomes of the messages of a release that a person holds back?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from notifier.domain.message import MessageState
from notifier.store.tables.telling import messages


def hold_messages(tx: Connection, release_id: int, *, reason: str, now: datetime) -> int:
    """Nothing of the release that was never tried starts to be sent; how many that are."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.release_id == release_id,
            messages.c.state == MessageState.DUE.value,
            messages.c.finished_at.is_(None),
        )
        .values(state=MessageState.SKIPPED.value, reason=reason, finished_at=now)
    )
    return int(done.rowcount)


def free_messages(tx: Connection, release_id: int, *, reasons: Sequence[str], now: datetime) -> int:
    """Make due again what was held; how many. Each is looked at again before it is sent."""
    done = tx.execute(
        update(messages)
        .where(
            messages.c.release_id == release_id,
            messages.c.state == MessageState.SKIPPED.value,
            messages.c.reason.in_(list(reasons)),
        )
        .values(state=MessageState.DUE.value, reason="", due_at=now, finished_at=None)
    )
    return int(done.rowcount)
