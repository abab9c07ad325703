"""Under which hashes are addresses known, whether they are readable here or not?"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from notifier.store.tables.people import contacts, suppressions


def readable_addresses(tx: Connection) -> Iterator[tuple[str, str, str]]:
    """Medium, address and hash of every contact that was not erased, the newest first."""
    query = (
        select(contacts.c.medium, contacts.c.address, contacts.c.address_hash)
        .where(contacts.c.address != "", contacts.c.erased_at.is_(None))
        .order_by(contacts.c.id.desc())
        .execution_options(yield_per=1000)
    )
    for row in tx.execute(query):
        yield row.medium, row.address, row.address_hash


def suppressed_hashes(tx: Connection) -> set[str]:
    """The hash of every address that must not be written to, somewhere or anywhere."""
    rows = tx.execute(select(suppressions.c.address_hash).where(suppressions.c.lifted_at.is_(None)))
    return {row.address_hash for row in rows}
