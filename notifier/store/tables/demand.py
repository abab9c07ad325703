"""What was wanted most when it was last counted? Only for shops too large to count at once."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

demand_counts = Table(
    "demand_counts",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("took_ms", Integer, nullable=False, server_default=text("0")),
    Column("whole", Boolean, nullable=False, server_default=text("false")),  # all rows are there
    Column("new_by_day", Json, nullable=False, server_default=text("'{}'")),  # of the last year
    Index("ix_demand_counts_shop_id", "shop_id", "id"),
)

demand_rows = Table(
    "demand_rows",
    metadata,
    Column("count_id", BigId, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),  # by people, from 1
    Column("target", String(24), nullable=False),
    Column("product_id", BigId, nullable=False),
    Column("variant_id", BigId),
    Column("people", Integer, nullable=False),
    Column("units", Integer, nullable=False),
    Column("unconfirmed", Integer, nullable=False),
    Column("new_7_days", Integer, nullable=False),
    Column("new_30_days", Integer, nullable=False),
    Column("new_90_days", Integer, nullable=False),
    Column("waiting_since", Instant),
    Column("money", Numeric(18, 2)),  # units times the price we know
    Index("ix_demand_rows_product", "count_id", "product_id"),
    Index("ix_demand_rows_units", "count_id", "units"),
    Index("ix_demand_rows_money", "count_id", "money"),
    Index("ix_demand_rows_new", "count_id", "new_30_days"),
    Index("ix_demand_rows_since", "count_id", "waiting_since"),
)
