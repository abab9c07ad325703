"""Which texts did a provider take and never say how they ended?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update

from notifier.domain.message import MessageState
from notifier.store.rows import columns_of
from notifier.store.tables.telling import UNREPORTED, messages

NOT_ASKED = ""
NOT_YET = "no_report_yet"  # asked about once; the provider did not know either
NEVER = "no_final_report"  # asked about for the last time

_UNREPORTED = text(UNREPORTED)  # spelled out: with a parameter in it SQLite does not use the index


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreportedRow:
    id: int
    channel: str
    provider_id: str
    finished_at: datetime


_COLUMNS = columns_of(messages, UnreportedRow)


def unreported(
    tx: Connection, *, reason: str, before: datetime, besides: Collection[str], limit: int
) -> list[UnreportedRow]:
    """Those taken before then, the oldest first; `besides` are channels that are left out."""
    query = (
        select(*_COLUMNS)
        .where(
            _UNREPORTED,
            messages.c.reason == reason,
            messages.c.finished_at <= before,
            messages.c.channel.not_in(list(besides)),
        )
        .order_by(messages.c.finished_at)
        .limit(limit)
    )
    return [UnreportedRow(**row._mapping) for row in tx.execute(query)]


def still_unreported(tx: Connection, ids: Sequence[int], *, reason: str, code: str) -> int:
    """Note that the provider, asked, knew no end either, and what it said; how many were noted. A
    report that came meanwhile counts more."""
    done = tx.execute(
        update(messages)
        .where(messages.c.id.in_(list(ids)), messages.c.state == MessageState.ACCEPTED.value)
        .values(
            reason=reason,
            last_code=func.coalesce(func.nullif(code[:64], ""), messages.c.last_code),
        )
    )
    return int(done.rowcount)
