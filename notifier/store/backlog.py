"""How many messages are open, and how old is the oldest?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from notifier.store.tables.telling import SENDING, WANTED, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    state: str
    kind: str
    medium: str
    count: int
    oldest_due_at: datetime | None


def depths(tx: Connection) -> list[Depth]:
    """The backlog: open messages by state, kind and medium. From the two indexes of what is open:
    with a parameter in the condition SQLite would walk along all there ever were."""
    return [
        Depth(**row._mapping)
        for are_open in (WANTED, SENDING)
        for row in tx.execute(_DEPTHS.where(text(are_open)))
    ]


_DEPTHS = select(
    messages.c.state,
    messages.c.kind,
    messages.c.medium,
    func.count().label("count"),
    func.min(messages.c.due_at).label("oldest_due_at"),
).group_by(messages.c.state, messages.c.kind, messages.c.medium)
