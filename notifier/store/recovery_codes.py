"""Which codes for a lost phone has somebody left? Only their hashes are here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from notifier.store.tables.accounts import recovery_codes


def replace_codes(tx: Connection, account_id: int, *, hashes: Sequence[str], now: datetime) -> None:
    """These instead of any there were."""
    tx.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    rows = [{"account_id": account_id, "code_hash": one, "created_at": now} for one in hashes]
    if rows:
        tx.execute(insert(recovery_codes), rows)


def use_code(tx: Connection, account_id: int, *, code_hash: str, now: datetime) -> bool:
    """Use one up. False when it is not one, or was used."""
    done = tx.execute(
        update(recovery_codes)
        .where(
            recovery_codes.c.account_id == account_id,
            recovery_codes.c.code_hash == code_hash,
            recovery_codes.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return bool(done.rowcount)


def count_left(tx: Connection, account_id: int) -> int:
    query = (
        select(func.count())
        .select_from(recovery_codes)
        .where(recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None))
    )
    return int(tx.execute(query).scalar_one())
