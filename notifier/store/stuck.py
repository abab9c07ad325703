"""Which rows have stood in a state that should pass by itself?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from notifier.store.tables.telling import SENDING, events, messages, releases


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """`id` is the oldest of them."""

    count: int
    id: int
    shop_id: int
    since: datetime


def open_events(tx: Connection, *, before: datetime) -> Stuck | None:
    """Of which nobody was told, nor found that there is nobody to tell."""
    query = select(events.c.id, events.c.shop_id, events.c.at.label("since"))
    return _stuck(tx, query.where(events.c.state == "open", events.c.at < before))


def late_releases(tx: Connection, *, before: datetime) -> Stuck | None:
    """Whose next wave, or the rest of one, should have been written."""
    query = select(releases.c.id, releases.c.shop_id, releases.c.next_wave_at.label("since"))
    return _stuck(tx, query.where(releases.c.state == "running", releases.c.next_wave_at < before))


def leased_messages(tx: Connection, *, before: datetime) -> Stuck | None:
    """Which somebody had taken to send, and nobody took over."""
    query = select(messages.c.id, messages.c.shop_id, messages.c.lease_until.label("since"))
    return _stuck(tx, query.where(text(SENDING), messages.c.lease_until < before))


def _stuck(tx: Connection, query: Select[Any]) -> Stuck | None:
    oldest = query.add_columns(func.count().over().label("count"))
    row = tx.execute(oldest.order_by(text("since"), text("id")).limit(1)).first()
    return Stuck(**row._mapping) if row else None
