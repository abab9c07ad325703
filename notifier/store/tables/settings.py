"""What has been set in the admin, over the configuration file, and who changed what when?"""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, text

from notifier.store.tables.base import BigId, Instant, Json, id_column, metadata

settings = Table(
    "settings",
    metadata,
    Column("path", String(400), primary_key=True),  # shops/kettle/release/strategy
    Column("value", Json, nullable=False),  # as in the file; empty where it is sealed
    Column("sealed", Text, nullable=False, server_default=""),  # a secret (notifier/sealing.py)
    Column("change_id", BigId, nullable=False),  # the change that put it here
)

setting_changes = Table(
    "setting_changes",
    metadata,
    id_column(),
    Column("path", String(400), nullable=False),
    Column("was", Json),  # null: as in the file; secrets are never kept here
    Column("now", Json),
    Column("secret", String(8), nullable=False, server_default=text("''")),  # set | removed
    Column("by", String(128), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_setting_changes_path", "path", "id"),
)
