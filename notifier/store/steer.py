"""What becomes of the messages of a release that a person holds back?

A part of them in one transaction: a release may have a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select, update

from notifier.domain.message import MessageState
from notifier.store.tables.telling import messages, releases

PART = 5_000
PERSON = "person"  # the reason of a release that somebody stopped
_LATELY = timedelta(days=1)
_DUE = and_(messages.c.state == MessageState.DUE.value, messages.c.finished_at.is_(None))


def hold_messages(tx: Connection, release_id: int, *, reason: str, now: datetime) -> int:
    """Nothing of the release that is due starts to be sent; how many that are, PART at most."""
    changed = {"state": MessageState.SKIPPED.value, "reason": reason, "finished_at": now}
    return _change(tx, release_id, _DUE, changed)


def free_messages(
    tx: Connection,
    release_id: int,
    *,
    reasons: Sequence[str],
    now: datetime,
    expires_at: datetime,
) -> int:
    """Make due again what was held; how many, PART at most. Each is looked at again before it is
    sent, so it is no staler for the time it was held."""
    changed = {
        "state": MessageState.DUE.value,
        "reason": "",
        "due_at": now,
        "expires_at": expires_at,
        "finished_at": None,
    }
    return _change(tx, release_id, _held_for(reasons), changed)


def half_done(tx: Connection, *, reasons: Sequence[str], now: datetime) -> list[int]:
    """Releases with messages that are not as the release is: held though it goes on, or due though
    it does not."""
    stands = or_(
        releases.c.state == "paused",
        and_(releases.c.state == "stopped", releases.c.reason == PERSON),
    )
    goes = or_(
        releases.c.state == "running",
        and_(releases.c.state == "done", releases.c.finished_at > now - _LATELY),
    )
    of_it = messages.c.release_id == releases.c.id
    is_due = exists(select(messages.c.id).where(of_it, _DUE))
    is_held = exists(select(messages.c.id).where(of_it, _held_for(reasons)))
    query = select(releases.c.id).where(or_(and_(stands, is_due), and_(goes, is_held)))
    return list(tx.execute(query).scalars())


def _held_for(reasons: Sequence[str]) -> Any:
    return and_(
        messages.c.state == MessageState.SKIPPED.value, messages.c.reason.in_(list(reasons))
    )


def _change(tx: Connection, release_id: int, which: Any, changed: dict[str, Any]) -> int:
    some = select(messages.c.id).where(messages.c.release_id == release_id, which).limit(PART)
    # asked again outside: a sender may have taken one meanwhile
    done = tx.execute(update(messages).where(messages.c.id.in_(some), which).values(changed))
    return int(done.rowcount)
