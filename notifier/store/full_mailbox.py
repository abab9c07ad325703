"""How many messages to somebody came back in a row because the mailbox is full?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from notifier.domain.message import MessageState
from notifier.store.tables.telling import messages

_LOOKED_AT = 100  # messages to one person, the newest
_ARRIVED = frozenset({MessageState.ACCEPTED.value, MessageState.DELIVERED.value})


def is_full(code: str) -> bool:
    """Whether a mail server's answer says so: X.2.2 of RFC 3463, or a bare 552."""
    return code.endswith((" 4.2.2", " 5.2.2")) or code in ("4.2.2", "5.2.2", "552")


def full_lately(tx: Connection, contact_id: int) -> tuple[int, datetime | None]:
    """So many separate messages since one arrived, and when the first of them was tried."""
    newest = (
        select(messages.c.state, messages.c.last_code, messages.c.first_tried_at)
        .where(messages.c.contact_id == contact_id)
        .order_by(messages.c.id.desc())
        .limit(_LOOKED_AT)
    )
    count, first = 0, None
    for state, code, tried_at in tx.execute(newest):
        if state in _ARRIVED:
            break
        if is_full(code) and tried_at is not None:
            count, first = count + 1, tried_at
    return count, first
