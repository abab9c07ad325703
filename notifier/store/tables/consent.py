"""What can we prove later? Append-only books, hash-chained."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

ledger = Table(
    "ledger",
    metadata,
    id_column(),
    Column("book", String(16), nullable=False),  # consent | notice | audit
    Column("at", Instant, nullable=False),
    Column("act", String(32), nullable=False),  # asked | confirmed | withdrawn …
    Column("shop_id", BigId, ForeignKey("shops.id")),
    Column("address_hash", String(64), nullable=False, server_default=""),
    Column("subscription_id", BigId),  # no foreign key: the ledger outlives the row
    Column("facts", Json, nullable=False),  # kept for ever; holds nothing personal
    Column("personal", Json),  # IP, agent, page; erased on request
    Column("personal_digest", String(64), nullable=False),  # so that erasure keeps the chain whole
    # sealed in batches, in this order, by services.seal
    Column("sequence", Integer),
    Column("previous", String(64)),
    Column("hash", String(64)),
    UniqueConstraint("book", "sequence"),
    Index("ix_ledger_address_hash", "address_hash"),
    Index("ix_ledger_subscription_id", "subscription_id"),
    # to page through one book; entries of the others, made by every sign-up, do not pay for it
    Index(
        "ix_ledger_audit",
        "id",
        sqlite_where=text("book = 'audit'"),
        postgresql_where=text("book = 'audit'"),
    ),
)
