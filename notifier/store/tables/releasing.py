"""Who bought after being told, what was learned from it, and who comes first in a release?

No foreign key leads to subscriptions, messages or releases: their rows go when their time is over,
and what was learned from them stays.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

purchases = Table(
    "purchases",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("ref", String(128), nullable=False),  # the shop's own number, so that it counts once
    Column("at", Instant, nullable=False),  # by the shop's clock
    Column("heard_at", Instant),  # by ours; null: nobody knows
    Column("units", Integer, nullable=False),
    Column("told", Boolean),  # by somebody who had been told; null: nobody knows
    Column("release_id", BigId),
    Column("message_id", BigId),
    UniqueConstraint("shop_id", "ref", "variant_id"),
    Index("ix_purchases_variant_id_at", "variant_id", "at"),
    Index("ix_purchases_message_id", "message_id"),
)

lessons = Table(
    "lessons",
    metadata,
    Column("release_id", BigId, primary_key=True, autoincrement=False),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("at", Instant, nullable=False),  # when it was last read
    Column("people", Integer, nullable=False),
    Column("looked", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("sold", Float, nullable=False),  # buyers
    Column("units", Integer, nullable=False),
    Column("looks_seen", Boolean, nullable=False),
    Column("delays", Json, nullable=False, server_default=text("'[]'")),  # by bin
    Column("final", Boolean, nullable=False),  # nothing more is to be learned of it
    Index("ix_lessons_shop_id_release_id", "shop_id", "release_id"),
)

places = Table(
    "places",
    metadata,
    Column("release_id", BigId, primary_key=True, autoincrement=False),
    Column("subscription_id", BigId, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),  # told in this order, before all who have none
    Index("ix_places_release_id_place", "release_id", "place"),
)

reservations = Table(
    "reservations",
    metadata,
    id_column(),
    Column("shop_id", BigId, ForeignKey("shops.id"), nullable=False),
    Column("variant_id", BigId, ForeignKey("variants.id"), nullable=False),
    Column("release_id", BigId, nullable=False),
    Column("subscription_id", BigId, nullable=False),
    Column("units", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # due | held | used | passed | released
    Column("made_at", Instant, nullable=False),
    Column("until", Instant),  # null: its message has not left yet
    Column("ended_at", Instant),
    Column("ref", String(128), nullable=False, server_default=""),  # of the order it was used for
    UniqueConstraint("release_id", "subscription_id"),
    Index("ix_reservations_variant_id_state", "variant_id", "state"),
    Index("ix_reservations_state_until", "state", "until"),
)
