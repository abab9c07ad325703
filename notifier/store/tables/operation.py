"""What does running the service itself need to remember?"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("until", Instant, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("trouble", Text, nullable=False, server_default=""),
    Column("next_at", Instant),
)

switches = Table(
    "switches",
    metadata,
    Column("name", String(64), primary_key=True),  # sending, channel:<name>, shop:<slug>
    Column("off", Boolean, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("by", String(128), nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("until", Instant),  # a pause that ends by itself
)

limits = Table(
    "limits",
    metadata,
    Column("bucket", String(160), primary_key=True),
    Column("starts_at", Instant, primary_key=True),
    Column("ends_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Index("ix_limits_ends_at", "ends_at"),
)

spent = Table(
    "spent",  # one-time things that were used: proof-of-work challenges, webhook ids
    metadata,
    Column("kind", String(24), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index("ix_spent_expires_at", "expires_at"),
)

answers = Table(
    "answers",  # to requests that carried an Idempotency-Key
    metadata,
    Column("scope", String(128), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("status", Integer),  # null: still being worked on
    Column("body", LargeBinary),
    Column("at", Instant, nullable=False),
    Index("ix_answers_at", "at"),
)

templates = Table(
    "templates",
    metadata,
    id_column(),
    Column("shop", String(64), nullable=False, server_default=""),  # empty: every shop
    Column("locale", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("part", String(16), nullable=False),  # subject.txt, email.html …
    Column("version", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # draft | published | old | discarded
    Column("source", Text, nullable=False),
    Column("copied_from", String(64), nullable=False, server_default=""),  # digest of the default
    Column("saved_by", String(128), nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("copied_text", Text, nullable=False, server_default=""),  # the default itself, then
    Column("problem", Text, nullable=False, server_default=""),  # why a draft cannot be published
    UniqueConstraint("shop", "locale", "kind", "part", "version"),
)

alarms = Table(
    "alarms",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id")),
    Column("code", String(64), nullable=False),
    Column("about", String(128), nullable=False, server_default=""),
    Column("message", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("count", Integer, nullable=False, server_default=text("1")),
    Column("cleared_at", Instant),
    Column("facts", Json, nullable=False, server_default=text("'{}'")),
    Index(
        "ix_alarms_open",
        "code",
        "about",
        sqlite_where=text("cleared_at IS NULL"),
        postgresql_where=text("cleared_at IS NULL"),
    ),
)
