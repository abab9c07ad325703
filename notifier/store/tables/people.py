"""Who waits for what?"""

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

contacts = Table(
    "contacts",
    metadata,
    id_column(),
    Column("medium", String(8), nullable=False),  # email | sms
    Column("address", Text, nullable=False),  # normalised; empty after erasure
    Column("address_hash", String(64), nullable=False),  # HMAC of medium and address
    Column("time_zone", String(64), nullable=False, server_default=""),  # self-declared
    Column("created_at", Instant, nullable=False),
    Column("erased_at", Instant),
    UniqueConstraint("address_hash"),
)

FOR_ANY = "variant_id IS NULL"
ACTIVE = "state IN ('unconfirmed', 'waiting', 'paused')"

subscriptions = Table(
    "subscriptions",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("contact_id", BigId, ForeignKey("contacts.id"), nullable=False),
    Column("product_id", BigId, ForeignKey("products.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id")),  # null: any variant of the product
    Column("target", String(24), nullable=False),  # v<id> or p<id>, so that null can be unique
    Column("medium", String(8), nullable=False),
    Column("locale", String(16), nullable=False),  # frozen at sign-up
    Column("quantity", Integer, nullable=False, server_default=text("1")),
    Column("physical_only", Boolean, nullable=False, server_default=text("false")),
    Column("accepts_marketing", Boolean, nullable=False, server_default=text("false")),
    Column("state", String(16), nullable=False),
    Column("ended_reason", String(32), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),  # of the latest decision
    Column("origin", String(16), nullable=False),  # widget | form | api | import
    Column("page_url", Text, nullable=False, server_default=""),
    Column("tags", Json, nullable=False, server_default=text("'[]'")),
    Column("created_at", Instant, nullable=False),  # place in line
    Column("asked_at", Instant, nullable=False),  # last confirmation asked for
    Column("confirmed_at", Instant),
    Column("told_at", Instant),
    Column("reminded_at", Instant),
    Column("eta_told_at", Instant),
    Column("eta_told", String(32), nullable=False, server_default=""),
    Column("eta_days", Integer),  # domain.subscription.EtaNews; null: the shop's setting
    Column("renewal_asked_at", Instant),
    Column("clicked_at", Instant),
    Column("expires_at", Instant, nullable=False),
    Column("paused_until", Instant),
    Column("ended_at", Instant),
    # moved from another address; no foreign key, since that row may be deleted first
    Column("replaces_id", BigId),
    Index(
        "uq_subscriptions_active",
        "contact_id",
        "shop_id",
        "target",
        unique=True,
        sqlite_where=text(ACTIVE),
        postgresql_where=text(ACTIVE),
    ),
    # the line in front of one product, oldest first
    Index("ix_subscriptions_line", "product_id", "state", "created_at", "id"),
    Index("ix_subscriptions_contact_id", "contact_id"),
    Index("ix_subscriptions_expiry", "state", "expires_at"),
    # how many wait, and for how many units, without a look at the rows
    Index("ix_subscriptions_variant", "variant_id", "state", "quantity"),
    Index(
        "ix_subscriptions_any",
        "product_id",
        "state",
        "quantity",
        sqlite_where=text(FOR_ANY),
        postgresql_where=text(FOR_ANY),
    ),
    Index("ix_subscriptions_shop_id_state", "shop_id", "state", "id"),
    Index("ix_subscriptions_shop_id_created_at", "shop_id", "created_at"),
)

suppressions = Table(
    "suppressions",
    metadata,
    id_column(),
    Column("address_hash", String(64), nullable=False),
    Column("shop_id", BigId, ForeignKey("shops.id")),  # null: everywhere
    Column("product_id", BigId, ForeignKey("products.id")),  # null: every product
    Column("reason", String(32), nullable=False),  # bounced | complained | stopped | unsubscribed …
    Column("source", String(128), nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", String(128), nullable=False, server_default=""),
    Column("lifted_why", Text, nullable=False, server_default=""),
    Index("ix_suppressions_address_hash", "address_hash"),
)
