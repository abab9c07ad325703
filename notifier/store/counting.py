"""How many rows are there, where beyond a number nobody asks?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

MOST = 10_000  # counting ends here: "more than 10,000" says enough, and costs little


def count_some(tx: Connection, query: Select[Any]) -> int:
    """How many rows a query has, up to one more than MOST."""
    some = query.limit(MOST + 1).subquery()
    return int(tx.execute(select(func.count()).select_from(some)).scalar_one())
