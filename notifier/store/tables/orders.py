"""Which order lines wait, what happened to each, and what exactly was each customer told?"""

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

orders = Table(
    "orders",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("ref", String(128), nullable=False),  # the shop's own number
    Column("email_id", BigId, ForeignKey("contacts.id")),
    Column("phone_id", BigId, ForeignKey("contacts.id")),
    Column("locale", String(16), nullable=False),
    Column("country", String(2), nullable=False, server_default=""),  # ship-to; '': unknown
    Column("zone", String(64), nullable=False),  # of the ship-to place
    Column("completed_at", Instant, nullable=False),  # properly completed, 16 CFR 435.1(c)
    Column("credit_application", Boolean, nullable=False, server_default=text("false")),
    Column("seller_is_creditor", Boolean, nullable=False, server_default=text("false")),
    Column("billing_cycle_days", Integer, nullable=False, server_default=text("28")),
    Column("source", String(64), nullable=False, server_default=""),  # api key's name, file …
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("shop_id", "ref"),
    Index("ix_orders_email_id", "email_id"),
    Index("ix_orders_phone_id", "phone_id"),
)

order_lines = Table(
    "order_lines",
    metadata,
    id_column(),
    Column("order_id", BigId, ForeignKey("orders.id"), nullable=False),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("ref", String(128), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id")),  # null: not in the catalogue
    Column("title", Text, nullable=False),  # as sold
    Column("quantity", Integer, nullable=False),
    Column("price", Numeric(18, 4)),  # of one
    Column("currency", String(3), nullable=False, server_default=""),
    Column("sold_as", String(12), nullable=False),  # backorder | preorder
    Column("promise", Json),  # {text, by | days | business_days}; null: nothing was promised
    Column("transit_days", Integer, nullable=False, server_default=text("0")),
    Column("date_is_essential", Boolean, nullable=False, server_default=text("false")),
    Column("excluded", String(24), nullable=False, server_default=""),
    Column("incentive", Json),  # {code, text}
    Column("created_at", Instant, nullable=False),
    # what follows from the events at `assessed_at`; made anew from them at any time
    Column("assessed_at", Instant, nullable=False),
    Column("state", String(24), nullable=False, server_default="open"),
    Column("next_step", String(24), nullable=False, server_default="nothing"),
    Column("deadline_at", Instant),
    Column("refund_by", Instant),
    Column("look_at", Instant),  # the next instant at which something may follow; null: none
    UniqueConstraint("order_id", "ref"),
    Index("ix_order_lines_look_at", "look_at"),
    Index("ix_order_lines_variant_id_state", "variant_id", "state"),
    Index("ix_order_lines_deadlines", "shop_id", "deadline_at", "id"),
)

order_events = Table(
    "order_events",
    metadata,
    id_column(),
    Column("line_id", BigId, ForeignKey("order_lines.id"), nullable=False),
    Column("at", Instant, nullable=False),  # when it took effect
    Column("recorded_at", Instant, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("facts", Json, nullable=False, server_default=text("'{}'")),
    Column("actor", String(128), nullable=False, server_default=""),
    Column("key", String(128), nullable=False),  # the same event twice makes one row
    UniqueConstraint("line_id", "key"),
)

notices = Table(
    "notices",
    metadata,
    id_column(),
    Column("line_id", BigId, ForeignKey("order_lines.id"), nullable=False),
    Column("message_id", BigId, nullable=False),  # no foreign key: outlives the message
    Column("attempt_no", Integer, nullable=False),
    Column("kind", String(32), nullable=False),  # delay_notice …
    Column("medium", String(8), nullable=False),
    Column("address", Text, nullable=False),
    Column("locale", String(16), nullable=False),
    Column("template_version", String(64), nullable=False, server_default=""),
    Column("plan", Json, nullable=False),  # kind, revised, silence, answer_by, clauses
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("html", Text, nullable=False, server_default=""),
    Column("digest", String(64), nullable=False),  # SHA-256 over the four texts; in the ledger
    Column("written_at", Instant, nullable=False),
    Column("offered_at", Instant),  # when the provider took it
    Column("provider_id", String(255), nullable=False, server_default=""),
    Column("returned_at", Instant),  # reported undeliverable later
    UniqueConstraint("message_id", "attempt_no"),
    Index("ix_notices_line_id", "line_id"),
)

backorders = Table(
    "backorders",
    metadata,
    Column("variant_id", BigId, ForeignKey("variants.id"), primary_key=True, autoincrement=False),
    Column("decision", String(8), nullable=False),  # accept | stop
    Column("reason", String(32), nullable=False, server_default=""),
    Column("facts", Json, nullable=False, server_default=text("'{}'")),
    Column("decided_at", Instant, nullable=False),
    Column("override", String(8), nullable=False, server_default=""),  # accept | stop | ''
    Column("override_by", String(128), nullable=False, server_default=""),
    Column("override_why", Text, nullable=False, server_default=""),
    Column("override_at", Instant),
)

preorders = Table(
    "preorders",
    metadata,
    Column("variant_id", BigId, ForeignKey("variants.id"), primary_key=True, autoincrement=False),
    Column("opens_at", Instant),  # null: opened by hand or by the source
    Column("opened_at", Instant),
    Column("release_on", Date),  # the date promised to those who order
    Column("released_at", Instant),
    Column("incentive", Json),  # {code, text}
    Column("source", String(64), nullable=False, server_default=""),
    Column("actor", String(128), nullable=False, server_default=""),
    Column("changed_at", Instant, nullable=False),
)
