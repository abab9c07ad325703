"""What can be waited for, and what do we believe about its stock?"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

shops = Table(
    "shops",
    metadata,
    id_column(),
    Column("slug", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

products = Table(
    "products",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("key", String(255), nullable=False),  # the shop's own id
    Column("title", Text, nullable=False, server_default=""),
    Column("titles", Json, nullable=False, server_default=text("'{}'")),  # by locale
    Column("url", Text, nullable=False, server_default=""),
    Column("image_url", Text, nullable=False, server_default=""),
    Column("published", Boolean, nullable=False, server_default=text("true")),
    Column("alerts", Boolean, nullable=False, server_default=text("true")),
    Column("strategy", Json),  # overrides the shop's, e.g. {"name": "per_unit", "rate": 5}
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("shop_id", "key"),
)

variants = Table(
    "variants",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("product_id", BigId, ForeignKey("products.id"), nullable=False),
    Column("key", String(255), nullable=False),
    Column("sku", String(255), nullable=False, server_default=""),
    Column("title", Text, nullable=False, server_default=""),
    Column("titles", Json, nullable=False, server_default=text("'{}'")),
    Column("url", Text, nullable=False, server_default=""),
    Column("image_url", Text, nullable=False, server_default=""),
    Column("price", Numeric(18, 4)),
    Column("regular_price", Numeric(18, 4)),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("alternatives", Json, nullable=False, server_default=text("'[]'")),  # variant keys
    Column("alerts", Boolean, nullable=False, server_default=text("true")),
    Column("min_quantity", Integer),  # smallest order; None: the shop's
    Column("threshold", Integer),  # units kept back ("your new zero"); None: the shop's
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("shop_id", "key"),
    Index("ix_variants_product_id", "product_id"),
    Index("ix_variants_shop_id_sku", "shop_id", "sku"),
)

stock = Table(
    "stock",
    metadata,
    Column("variant_id", BigId, ForeignKey("variants.id"), primary_key=True, autoincrement=False),
    Column("availability", String(16), nullable=False),
    Column("quantity", Integer),  # what the source says can be sold; null: it does not say
    Column("since", Instant, nullable=False),  # in this availability since
    Column("seen_at", Instant, nullable=False),  # the source last vouched for it
    Column("source", String(64), nullable=False, server_default=""),
    Column("epoch", Integer, nullable=False, server_default=text("0")),  # restocks so far
    Column("announced_epoch", Integer, nullable=False, server_default=text("0")),
    Column("level", Integer, nullable=False),  # confirmed: domain.stock.Level
    Column("level_since", Instant, nullable=False),
    Column("candidate_since", Instant),  # seen otherwise since, not yet confirmed
    Column("candidate_seen", Integer, nullable=False, server_default=text("0")),
    Column("announced_at", Instant),  # last restock announced, for the cool-down
    Column("vouched", Boolean, nullable=False, server_default=text("true")),
    Column("missing", Integer, nullable=False, server_default=text("0")),  # looks it was absent
    Column("flaps", Integer, nullable=False, server_default=text("0")),
    Column("eta_earliest", Date),
    Column("eta_latest", Date),
    Column("eta_precision", String(8), nullable=False, server_default="unknown"),
    Column("eta_text", Text, nullable=False, server_default=""),
    Column("eta_source", String(64), nullable=False, server_default=""),
    Column("eta_at", Instant),
    Column("eta_reason", Text, nullable=False, server_default=""),  # for customers to read
)

stock_changes = Table(
    "stock_changes",
    metadata,
    id_column(),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("availability", String(16), nullable=False),
    Column("quantity", Integer),
    Column("source", String(64), nullable=False, server_default=""),
    Index("ix_stock_changes_variant_id_at", "variant_id", "at"),
)

etas = Table(
    "etas",
    metadata,
    id_column(),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("earliest", Date),
    Column("latest", Date),
    Column("precision", String(8), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("source", String(64), nullable=False),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("actor", String(128), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Index("ix_etas_variant_id_at", "variant_id", "at"),
)
