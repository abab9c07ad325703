"""Which one-time links lead into an account? Found by the SHA-256 of what is in the link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from notifier.store.rows import columns_of
from notifier.store.tables.accounts import entry_links


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    id: int
    account_id: int
    purpose: str
    made_by: int | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


_COLUMNS = columns_of(entry_links, LinkRow)


def add_link(
    tx: Connection,
    *,
    account_id: int,
    purpose: str,
    token_hash: str,
    made_by: int | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    """A new link, beside those there are."""
    tx.execute(
        insert(entry_links).values(
            account_id=account_id,
            purpose=purpose,
            token_hash=token_hash,
            made_by=made_by,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_link(tx: Connection, token_hash: str, *, now: datetime) -> LinkRow | None:
    """A link that still leads somewhere."""
    row = tx.execute(
        select(*_COLUMNS).where(
            entry_links.c.token_hash == token_hash,
            entry_links.c.used_at.is_(None),
            entry_links.c.expires_at > now,
        )
    ).one_or_none()
    return LinkRow(**row._mapping) if row else None


def use_link(tx: Connection, link_id: int, *, now: datetime) -> bool:
    """Use it up. False when somebody was quicker."""
    done = tx.execute(
        update(entry_links)
        .where(entry_links.c.id == link_id, entry_links.c.used_at.is_(None))
        .values(used_at=now)
    )
    return bool(done.rowcount)


def open_invitations(tx: Connection, *, now: datetime) -> dict[int, datetime]:
    """The accounts whose link still waits to be opened, and until when."""
    rows = tx.execute(
        select(entry_links.c.account_id, entry_links.c.expires_at).where(
            entry_links.c.used_at.is_(None), entry_links.c.expires_at > now
        )
    )
    return {int(row.account_id): row.expires_at for row in rows}


def drop_links(tx: Connection, account_id: int) -> None:
    """None leads into this account any more."""
    tx.execute(delete(entry_links).where(entry_links.c.account_id == account_id))


def drop_all(tx: Connection) -> None:
    """No link leads anywhere any more."""
    tx.execute(delete(entry_links))


def forget_before(tx: Connection, moment: datetime) -> int:
    """Delete those that ended before this."""
    done = tx.execute(delete(entry_links).where(entry_links.c.expires_at < moment))
    return int(done.rowcount)
