"""How is each source doing, and what is held back because a look was abnormal?"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

sources = Table(
    "sources",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False, server_default="new"),
    Column("next_look_at", Instant),
    Column("tried_at", Instant),  # last try
    Column("looked_at", Instant),  # last look that was believed
    Column("vouched_at", Instant),  # as of when it vouches for all it names
    Column("rows", Integer),  # in the last full look that was believed
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("trouble_code", String(64), nullable=False, server_default=""),
    Column("trouble", Text, nullable=False, server_default=""),
    Column("trouble_since", Instant),
    Column("alarmed_at", Instant),
    Column("accept_smaller", Integer),  # a person said: this many rows is right
    Column("cursor", Json, nullable=False, server_default=text("'{}'")),
    Column("lease_owner", String(64)),
    Column("lease_until", Instant),
    UniqueConstraint("shop_id", "name"),
)

source_variants = Table(
    "source_variants",
    metadata,
    Column("source_id", BigId, ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), primary_key=True, autoincrement=False),
    Column("digest", String(24), nullable=False, server_default=""),  # of the last observation
)

holds = Table(
    "holds",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("source", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("decided_at", Instant),
    Column("decision", String(16)),  # released | dropped
    Column("decided_by", String(128)),
    Index(
        "ix_holds_open",
        "shop_id",
        sqlite_where=text("decided_at IS NULL"),
        postgresql_where=text("decided_at IS NULL"),
    ),
)
