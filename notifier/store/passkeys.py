"""Which passkeys has somebody? Only their public halves are here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.accounts import passkeys
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRow:
    id: int
    account_id: int
    credential_id: str
    public_key: bytes
    sign_count: int
    name: str
    transports: list[str]
    backed_up: bool
    created_at: datetime
    used_at: datetime | None


_COLUMNS = columns_of(passkeys, PasskeyRow)


def add_passkey(tx: Connection, **values: Any) -> int | None:
    """The new row's id; None where the credential is known already."""
    statement = insert_or(tx, passkeys).values(values)
    return tx.execute(
        statement.on_conflict_do_nothing().returning(passkeys.c.id)
    ).scalar_one_or_none()


def find_passkey(tx: Connection, credential_id: str) -> PasskeyRow | None:
    row = tx.execute(
        select(*_COLUMNS).where(passkeys.c.credential_id == credential_id)
    ).one_or_none()
    return PasskeyRow(**row._mapping) if row else None


def list_passkeys(tx: Connection, account_id: int) -> list[PasskeyRow]:
    rows = tx.execute(
        select(*_COLUMNS).where(passkeys.c.account_id == account_id).order_by(passkeys.c.id)
    )
    return [PasskeyRow(**row._mapping) for row in rows]


def count_passkeys(tx: Connection) -> dict[int, int]:
    """How many each account has."""
    rows = tx.execute(select(passkeys.c.account_id, func.count()).group_by(passkeys.c.account_id))
    return {int(account): int(count) for account, count in rows}


def note_used(tx: Connection, row: PasskeyRow, *, sign_count: int, at: datetime) -> bool:
    """Count a use; False when another use came between."""
    done = tx.execute(
        update(passkeys)
        .where(passkeys.c.id == row.id, passkeys.c.sign_count == row.sign_count)
        .values(sign_count=sign_count, used_at=at)
    )
    return bool(done.rowcount)


def rename_passkey(tx: Connection, passkey_id: int, *, account_id: int, name: str) -> bool:
    done = tx.execute(update(passkeys).where(*_own(passkey_id, account_id)).values(name=name))
    return bool(done.rowcount)


def drop_passkey(tx: Connection, passkey_id: int, *, account_id: int) -> bool:
    return bool(tx.execute(delete(passkeys).where(*_own(passkey_id, account_id))).rowcount)


def drop_passkeys(tx: Connection, account_id: int) -> int:
    """All of an account; how many."""
    return int(tx.execute(delete(passkeys).where(passkeys.c.account_id == account_id)).rowcount)


def _own(passkey_id: int, account_id: int) -> tuple[Any, ...]:
    return (passkeys.c.id == passkey_id, passkeys.c.account_id == account_id)
