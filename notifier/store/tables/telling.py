"""What is worth telling, to whom is it being told, and how did each message fare?"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
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

WANTED = "state IN ('due', 'unknown') AND finished_at IS NULL"
SENDING = "state = 'sending'"
FINISHED = "finished_at IS NOT NULL"
TO_HOOKS = "medium = 'webhook'"
UNREPORTED = "medium = 'sms' AND state = 'accepted' AND reason IN ('', 'no_report_yet')"

events = Table(
    "events",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("product_id", BigId, ForeignKey("products.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("at", Instant, nullable=False),
    Column("epoch", Integer, nullable=False),  # which restock of the variant
    Column("sequence", String(64), nullable=False, server_default=""),  # which within the epoch
    Column("state", String(12), nullable=False),  # open | held | closed | dropped
    Column("hold_id", BigId, ForeignKey("holds.id")),
    Column("facts", Json, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("variant_id", "kind", "epoch", "sequence"),
    Index("ix_events_open", "state", "id"),
)

releases = Table(
    "releases",
    metadata,
    id_column(),
    Column("event_id", BigId, ForeignKey("events.id"), nullable=False, unique=True),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("product_id", BigId, ForeignKey("products.id"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("state", String(12), nullable=False),  # running | paused | done | stopped
    Column("reason", String(32), nullable=False, server_default=""),  # sold_out, person, …
    Column("strategy", Json, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("next_wave_at", Instant),
    Column("finished_at", Instant),
    Column("waves", Integer, nullable=False, server_default=text("0")),
    Column("told", Integer, nullable=False, server_default=text("0")),
    Column("units_told", Integer, nullable=False, server_default=text("0")),
    # the last subscription enqueued in the wave under way: (created_at, id)
    Column("cursor_at", Instant),
    Column("cursor_id", BigId),
    Column("wave_open", Boolean, nullable=False, server_default=text("false")),
    Column("people_left", Integer),  # of the wave under way; null: no limit
    Column("units_left", Integer),
    Column("largest", Integer),
    Index("ix_releases_next", "state", "next_wave_at"),
    Index("ix_releases_variant_id", "variant_id"),
)

waves = Table(
    "waves",
    metadata,
    id_column(),
    Column("release_id", BigId, ForeignKey("releases.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("stock", Integer),
    Column("planned", Integer),  # null: everybody
    Column("told", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text, nullable=False),
    Column("facts", Json, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("release_id", "number"),
)

messages = Table(
    "messages",
    metadata,
    id_column(),
    # no foreign keys: a message is written from the rows it names, and a million at a time; that
    # its people are still there is looked at before it is sent (decision 0032)
    Column("shop_id", BigId, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("medium", String(8), nullable=False),
    Column("channel", String(64), nullable=False),  # the configured channel's name
    Column("contact_id", BigId),  # null: webhook or merchant
    Column("address", Text, nullable=False, server_default=""),  # only without a contact
    Column("subscription_id", BigId),
    Column("event_id", BigId),
    Column("release_id", BigId),
    Column("order_line_id", BigId),
    Column("wave", Integer),
    Column("locale", String(16), nullable=False),
    Column("template_version", String(64), nullable=False, server_default=""),
    Column("facts", Json),  # what the text needs beyond its subscription and event
    Column("priority", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(64), nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("lease_owner", String(64)),
    Column("lease_until", Instant),
    Column("attempt_no", Integer, nullable=False, server_default=text("0")),  # fencing number
    Column("failures", Integer, nullable=False, server_default=text("0")),  # that count
    Column("unknowns", Integer, nullable=False, server_default=text("0")),
    Column("first_tried_at", Instant),
    Column("finished_at", Instant),
    Column("provider_id", String(255), nullable=False, server_default=""),
    Column("last_code", String(64), nullable=False, server_default=""),
    Column("last_detail", Text, nullable=False, server_default=""),
    # a wave told again after a crash, a second worker or a repeated event makes no second copy
    UniqueConstraint("event_id", "subscription_id", "medium"),
    Index(
        "ix_messages_due",
        "channel",
        "priority",
        "release_id",
        "due_at",
        "id",
        sqlite_where=text(WANTED),
        postgresql_where=text(WANTED),
    ),
    Index(
        "ix_messages_leased",
        "lease_owner",
        "id",
        sqlite_where=text(SENDING),
        postgresql_where=text(SENDING),
    ),
    Index("ix_messages_subscription_id", "subscription_id"),
    Index(
        "ix_messages_hooks",
        "channel",
        "id",
        sqlite_where=text(TO_HOOKS),
        postgresql_where=text(TO_HOOKS),
    ),
    Index("ix_messages_contact_id", "contact_id"),
    Index("ix_messages_release_id", "release_id", "state"),
    Index(
        "ix_messages_order_line_id",
        "order_line_id",
        sqlite_where=text("order_line_id IS NOT NULL"),
        postgresql_where=text("order_line_id IS NOT NULL"),
    ),
    Index(
        "ix_messages_provider_id",
        "provider_id",
        sqlite_where=text("provider_id <> ''"),
        postgresql_where=text("provider_id <> ''"),
    ),
    Index(
        "ix_messages_finished",
        "finished_at",
        sqlite_where=text(FINISHED),
        postgresql_where=text(FINISHED),
    ),
    Index(
        "ix_messages_unreported",
        "reason",
        "finished_at",
        sqlite_where=text(UNREPORTED),
        postgresql_where=text(UNREPORTED),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    id_column(),
    Column("message_id", BigId, ForeignKey("messages.id"), nullable=False),
    Column("attempt_no", Integer, nullable=False),
    Column("worker", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("phase", String(12), nullable=False),
    Column("outcome", String(12), nullable=False, server_default=""),
    Column("blame", String(12), nullable=False, server_default=""),
    Column("code", String(64), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    UniqueConstraint("message_id", "attempt_no"),
)

receipts = Table(
    "receipts",
    metadata,
    id_column(),
    Column("provider", String(32), nullable=False),
    Column("event_key", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("message_id", BigId, ForeignKey("messages.id")),
    Column("at", Instant, nullable=False),
    Column("code", String(64), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    UniqueConstraint("provider", "event_key"),
    Index("ix_receipts_message_id", "message_id"),
)

clicks = Table(
    "clicks",
    metadata,
    id_column(),
    Column("message_id", BigId, ForeignKey("messages.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_clicks_message_id", "message_id"),
)
