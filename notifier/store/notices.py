"""What exactly was each customer told about an order line?

A notice is kept as it was written, before it is handed over: what a provider then says about it is
noted beside it. Nothing here is ever changed but those two instants (trust OD-13).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.orders import notices
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    id: int
    line_id: int
    message_id: int
    attempt_no: int
    kind: str
    medium: str
    address: str
    locale: str
    template_version: str
    plan: dict[str, Any]
    subject: str
    text: str
    html: str
    digest: str
    written_at: datetime
    offered_at: datetime | None
    provider_id: str
    returned_at: datetime | None


_COLUMNS = columns_of(notices, NoticeRow)


def digest_of(*, address: str, subject: str, text: str, html: str) -> str:
    """SHA-256 over what the customer was sent, 64 hex digits."""
    parts = "\x00".join((address, subject, text, html))
    return hashlib.sha256(parts.encode()).hexdigest()


def keep(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store notices as written. The same try of the same message is kept once."""
    if rows:
        tx.execute(insert_or(tx, notices).on_conflict_do_nothing(), list(rows))


def find_notice(tx: Connection, *, message_id: int, attempt_no: int) -> NoticeRow | None:
    """What was written for one try of a message; None when nothing was kept."""
    query = select(*_COLUMNS).where(
        notices.c.message_id == message_id, notices.c.attempt_no == attempt_no
    )
    row = tx.execute(query).one_or_none()
    return NoticeRow(**row._mapping) if row else None


def offered(
    tx: Connection, *, message_id: int, attempt_no: int, at: datetime, provider_id: str
) -> NoticeRow | None:
    """A provider took the notice; the notice, None when none was kept."""
    row = tx.execute(
        update(notices)
        .where(notices.c.message_id == message_id, notices.c.attempt_no == attempt_no)
        .values(offered_at=at, provider_id=provider_id[:255])
        .returning(*_COLUMNS)
    ).one_or_none()
    return NoticeRow(**row._mapping) if row else None


def returned(tx: Connection, *, message_id: int, at: datetime) -> None:
    """The notice was reported undeliverable."""
    tx.execute(
        update(notices)
        .where(
            notices.c.message_id == message_id,
            notices.c.offered_at.is_not(None),
            notices.c.returned_at.is_(None),
        )
        .values(returned_at=at)
    )


def notices_of(tx: Connection, line_ids: Sequence[int]) -> list[NoticeRow]:
    """All that was written to the customer about these lines, oldest first."""
    rows = tx.execute(
        select(*_COLUMNS).where(notices.c.line_id.in_(list(line_ids))).order_by(notices.c.id)
    )
    return [NoticeRow(**row._mapping) for row in rows]
