"""What was agreed, told and decided, so that it can be proved later?

Append-only books. Entries are written at once and sealed into a hash chain in batches, so that
sign-ups do not queue behind one chain head. What is personal is kept beside the chain, under its
digest: it can be erased on request and the chain still holds (trust CP-3, CP-7, WS-40).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from notifier.store.many_rows import ManyRows
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of
from notifier.store.tables.consent import ledger

GENESIS = "0" * 64
BOOKS = ("consent", "notice", "audit")
_APPEND = Prepared(insert(ledger))
_APPEND_ALL = ManyRows(
    ledger,
    (
        *("book", "act", "at", "facts", "personal", "personal_digest"),
        *("shop_id", "address_hash", "subscription_id"),
    ),
)


def append(
    tx: Connection,
    *,
    book: str,
    act: str,
    at: datetime,
    facts: dict[str, Any],
    personal: dict[str, Any] | None = None,
    shop_id: int | None = None,
    address_hash: str = "",
    subscription_id: int | None = None,
) -> None:
    """One more entry. `facts` must hold nothing personal; `personal` may be erased later."""
    entry = NewEntry(
        book=book,
        act=act,
        at=at,
        facts=facts,
        personal=personal,
        shop_id=shop_id,
        address_hash=address_hash,
        subscription_id=subscription_id,
    )
    append_all(tx, [entry])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """One to be appended, as `append` takes it. `book`: one of BOOKS; no other is sealed."""

    book: str
    act: str
    at: datetime
    facts: dict[str, Any]
    personal: dict[str, Any] | None = None
    shop_id: int | None = None
    address_hash: str = ""
    subscription_id: int | None = None


def append_all(tx: Connection, entries: Sequence[NewEntry]) -> None:
    """The same for several, with one statement."""
    if len(entries) == 1:
        _APPEND.run(tx, _values(entries[0]))
        return
    _APPEND_ALL.insert(tx, [_values(one) for one in entries])


def _values(entry: NewEntry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in NewEntry.__slots__}
    return {**values, "personal_digest": _digest(entry.personal)}


def has_unsealed(tx: Connection, book: str) -> bool:
    """Whether the book has entries that are not sealed yet."""
    return tx.execute(_unsealed(book).limit(1)).first() is not None


def seal(tx: Connection, book: str, *, limit: int = 1000) -> int:
    """Chain entries of a book that are not sealed yet, oldest first; how many. One sealer at a
    time (a lease)."""
    rows = tx.execute(_unsealed(book).limit(limit)).all()
    sequence, previous = _head(tx, book) if rows else (0, "")
    for row in rows:
        sequence += 1
        own = _hash(row, sequence=sequence, previous=previous)
        values = {"sequence": sequence, "previous": previous, "hash": own}
        tx.execute(update(ledger).where(ledger.c.id == row.id).values(values))
        previous = own
    return len(rows)


def _unsealed(book: str) -> Any:
    """By the index of a book's chain: a million that are sealed are not walked along."""
    of_book = (ledger.c.book == book, ledger.c.sequence.is_(None))
    return select(ledger).where(*of_book).order_by(ledger.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of walking all chains. `broken` names the entries that do not fit."""

    sealed: int
    unsealed: int
    broken: tuple[str, ...]


def verify(tx: Connection, *, book: str = "") -> Verification:
    """Walk every chain, or that of one book, from its start; finds any entry that was changed or
    taken out."""
    broken: list[str] = []
    sealed = 0
    expected: dict[str, tuple[int, str]] = {}
    only = [ledger.c.book == book] if book else []
    rows = tx.execute(
        select(ledger)
        .where(ledger.c.sequence.is_not(None), *only)
        .order_by(ledger.c.book, ledger.c.sequence)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        sealed += 1
        sequence, previous = expected.get(row.book, (0, GENESIS))
        if row.sequence != sequence + 1:
            broken.append(f"{row.book} {sequence + 1}: missing")
        elif row.previous != previous:
            broken.append(f"{row.book} {row.sequence}: does not follow the entry before it")
        if _hash(row, sequence=row.sequence, previous=row.previous) != row.hash:
            broken.append(f"{row.book} {row.sequence}: was changed")
        elif row.personal is not None and _digest(row.personal) != row.personal_digest:
            broken.append(f"{row.book} {row.sequence}: its personal part was changed")
        expected[row.book] = (row.sequence, row.hash)
    unsealed = tx.execute(
        select(func.count()).select_from(ledger).where(ledger.c.sequence.is_(None), *only)
    ).scalar_one()
    return Verification(sealed=sealed, unsealed=int(unsealed), broken=tuple(broken))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    book: str
    act: str
    at: datetime
    shop_id: int | None
    subscription_id: int | None
    facts: dict[str, Any]
    personal: dict[str, Any] | None


def entries_of(tx: Connection, address_hash: str) -> Iterator[Entry]:
    """All entries about one address, oldest first."""
    rows = tx.execute(
        select(
            ledger.c.book,
            ledger.c.act,
            ledger.c.at,
            ledger.c.shop_id,
            ledger.c.subscription_id,
            ledger.c.facts,
            ledger.c.personal,
        )
        .where(ledger.c.address_hash == address_hash)
        .order_by(ledger.c.id)
    )
    for row in rows:
        yield Entry(**row._mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry with its place in the chain; `sequence` None: not sealed yet."""

    id: int
    book: str
    act: str
    at: datetime
    facts: dict[str, Any]
    personal: dict[str, Any] | None
    personal_digest: str
    sequence: int | None
    previous: str | None
    hash: str | None


_LINK = columns_of(ledger, Link)


def links_about(tx: Connection, *, book: str, address_hashes: Sequence[str]) -> list[Link]:
    """The entries of one book about these addresses, with what chains them, oldest first."""
    rows = tx.execute(
        select(*_LINK)
        .where(ledger.c.book == book, ledger.c.address_hash.in_(list(address_hashes)))
        .order_by(ledger.c.id)
    )
    return [Link(**row._mapping) for row in rows]


def was_noted(
    tx: Connection, *, book: str, act: str, address_hash: str, since: datetime | None = None
) -> bool:
    """Whether a book has such an entry about an address, since then if that is given."""
    query = select(ledger.c.id).where(
        ledger.c.address_hash == address_hash, ledger.c.book == book, ledger.c.act == act
    )
    if since is not None:
        query = query.where(ledger.c.at >= since)
    return tx.execute(query.limit(1)).first() is not None


def personal_before(tx: Connection, *, before: datetime, limit: int) -> list[int]:
    """Entries older than the retention of IP addresses and browsers that still have a personal
    part. It walks along all that had one."""
    query = select(ledger.c.id).where(
        ledger.c.at < before,
        ledger.c.personal.is_not(None),
        ledger.c.book != "notice",  # part of an order's record, kept as long as it
    )
    return list(tx.execute(query.limit(limit)).scalars())


def erase_personal(tx: Connection, ids: Sequence[int]) -> int:
    """Delete the personal part of entries; the chain stays whole."""
    done = tx.execute(update(ledger).where(ledger.c.id.in_(ids)).values(personal=None))
    return int(done.rowcount)


def _head(tx: Connection, book: str) -> tuple[int, str]:
    row = tx.execute(
        select(ledger.c.sequence, ledger.c.hash)
        .where(ledger.c.book == book, ledger.c.sequence.is_not(None))
        .order_by(ledger.c.sequence.desc())
        .limit(1)
    ).one_or_none()
    return (row.sequence, row.hash) if row else (0, GENESIS)


def _digest(personal: dict[str, Any] | None) -> str:
    return hashlib.sha256(_canonical(personal or {})).hexdigest()


def _hash(row: Any, *, sequence: int, previous: str) -> str:
    body = {
        "book": row.book,
        "sequence": sequence,
        "previous": previous,
        "at": row.at.astimezone(UTC).isoformat(),
        "act": row.act,
        "shop": row.shop_id,
        "address": row.address_hash,
        "subscription": row.subscription_id,
        "facts": row.facts,
        "personal": row.personal_digest,
    }
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
