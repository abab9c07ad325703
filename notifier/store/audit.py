"""What is in the book of who did what, newest first?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from notifier.store.rows import columns_of
from notifier.store.tables.consent import ledger

_AUDIT = text("book = 'audit'")  # written out, so that the index of this book is used


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    id: int
    at: datetime
    act: str
    shop_id: int | None
    facts: dict[str, Any]
    personal: dict[str, Any] | None
    sequence: int | None  # none: not sealed yet


_COLUMNS = columns_of(ledger, AuditRow)


def list_audit(
    tx: Connection, *, before: int | None, act: str = "", by: str = "", limit: int
) -> list[AuditRow]:
    """Entries older than the one numbered `before`. `act`: how the act begins; `by`: who."""
    query = select(*_COLUMNS).where(_AUDIT).order_by(ledger.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ledger.c.id < before)
    if act:
        query = query.where(ledger.c.act.startswith(act, autoescape=True))
    if by:
        query = query.where(ledger.c.facts["by"].as_string() == by)
    return [AuditRow(**row._mapping) for row in tx.execute(query)]
