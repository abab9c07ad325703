"""Which rows does a shop have for these keys of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, select

_AT_ONCE = 500


def rows_by_key(
    tx: Connection, table: Table, shop_id: int, keys: Sequence[str]
) -> dict[str, Row[Any]]:
    """Of its products or variants, by key; those there are."""
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        rows = tx.execute(
            select(table).where(
                table.c.shop_id == shop_id, table.c.key.in_(keys[start : start + _AT_ONCE])
            )
        )
        found.update((row.key, row) for row in rows)
    return found
