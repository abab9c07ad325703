"""How do two processes do in turn what must not be done twice, where no row is there to hold?"""

from __future__ import annotations

from sqlalchemy import Connection, func, select


def one_at_a_time(tx: Connection, what: str) -> None:
    """Wait until nobody else is at this, and let nobody before the commit. What was read before is
    old by now. On SQLite one writes at a time anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))
