"""Who may sign in to the admin?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.accounts import accounts
from notifier.store.upsert import insert_or

AT_MOST = 1000  # people shown on one page; a shop has a handful


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    id: int
    email: str
    name: str
    role: str
    shops: list[str]
    locale: str
    theme: str
    password_hash: str
    password_at: datetime | None
    totp_sealed: str
    totp_at: datetime | None
    totp_step: int
    user_handle: str
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None

    @property
    def has_totp(self) -> bool:
        """Whether a code is asked for: a seed that was never proved does not count."""
        return bool(self.totp_sealed) and self.totp_at is not None


_COLUMNS = columns_of(accounts, AccountRow)


def add_account(
    tx: Connection,
    *,
    email: str,
    name: str,
    role: str,
    shops: Sequence[str],
    locale: str,
    user_handle: str,
    now: datetime,
) -> int | None:
    """The new account's id; None where the address has one already."""
    values = {
        "email": email,
        "name": name,
        "role": role,
        "shops": list(shops),
        "locale": locale,
        "user_handle": user_handle,
        "created_at": now,
    }
    statement = insert_or(tx, accounts).values(values)
    return tx.execute(
        statement.on_conflict_do_nothing().returning(accounts.c.id)
    ).scalar_one_or_none()


def find_account(tx: Connection, account_id: int) -> AccountRow | None:
    return _one(tx, accounts.c.id == account_id)


def find_by_email(tx: Connection, email: str) -> AccountRow | None:
    return _one(tx, accounts.c.email == email)


def list_accounts(tx: Connection) -> list[AccountRow]:
    """Everybody, by name; those who are shut out too."""
    rows = tx.execute(select(*_COLUMNS).order_by(accounts.c.name, accounts.c.id).limit(AT_MOST))
    return [AccountRow(**row._mapping) for row in rows]


def change_account(tx: Connection, account_id: int, **values: Any) -> bool:
    done = tx.execute(update(accounts).where(accounts.c.id == account_id).values(values))
    return bool(done.rowcount)


def use_step(tx: Connection, account_id: int, *, step: int) -> bool:
    """Use up the code of a step of time, and all before it. False: it was used already."""
    done = tx.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.totp_step < step)
        .values(totp_step=step)
    )
    return bool(done.rowcount)


def lock_owners(tx: Connection) -> list[int]:
    """The owners who may sign in; nobody else changes them until this transaction ends."""
    rows = tx.execute(
        select(accounts.c.id)
        .where(accounts.c.role == "owner", accounts.c.disabled_at.is_(None))
        .order_by(accounts.c.id)
        .with_for_update()
    )
    return [int(row.id) for row in rows]


def drop_account(tx: Connection, account_id: int) -> bool:
    """Delete an account with its sessions, passkeys, codes and links."""
    return bool(tx.execute(delete(accounts).where(accounts.c.id == account_id)).rowcount)


def _one(tx: Connection, where: Any) -> AccountRow | None:
    row = tx.execute(select(*_COLUMNS).where(where)).one_or_none()
    return AccountRow(**row._mapping) if row else None
