"""A leaner outbox: what every message that is written cost and nobody needed

A message is written from the rows that it names, in the same transaction. That they are there is
not asked for again: on PostgreSQL each of five questions locked a row, and wrote that down. What
is finished is looked for by its time, what is not needs no place in that index. How many wait for
a variant, and how many units they want, is read from indexes alone.

Indexes first: while they are made others read, and for the rest all tables are held only shortly.

Revision: 0008
Follows: 0007
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEYS = {
    "shop_id": "shops",
    "contact_id": "contacts",
    "subscription_id": "subscriptions",
    "event_id": "events",
    "release_id": "releases",
}
FINISHED = sa.text("finished_at IS NOT NULL")
ANY = sa.text("variant_id IS NULL")
TABLE = "type = 'table' AND name = 'messages'"  # in SQLite's list


def upgrade() -> None:
    _index("ix_subscriptions_variant", "subscriptions", ["variant_id", "state", "quantity"])
    _index("ix_subscriptions_any", "subscriptions", ["product_id", "state", "quantity"], ANY)
    _index("ix_messages_finished", "messages", ["finished_at"], FINISHED)
    op.drop_index("ix_subscriptions_variant_id_state", table_name="subscriptions")
    op.drop_index("ix_messages_finished_at", table_name="messages")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(_without_keys)
    else:
        for column in KEYS:
            op.drop_constraint(f"fk_messages_{column}", "messages", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite(_with_keys)
    else:
        for column, table in KEYS.items():
            op.create_foreign_key(f"fk_messages_{column}", "messages", table, [column], ["id"])
    _index("ix_messages_finished_at", "messages", ["finished_at"])
    _index("ix_subscriptions_variant_id_state", "subscriptions", ["variant_id", "state"])
    op.drop_index("ix_messages_finished", table_name="messages")
    op.drop_index("ix_subscriptions_any", table_name="subscriptions")
    op.drop_index("ix_subscriptions_variant", table_name="subscriptions")


def _index(name, table, columns, where=None) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _without_keys(text: str) -> str:
    return re.sub(
        r"\s*CONSTRAINT fk_messages_\w+ FOREIGN KEY\(\w+\) REFERENCES \w+ \(id\),", "", text
    )


def _with_keys(text: str) -> str:
    keys = [
        f"CONSTRAINT fk_messages_{column} FOREIGN KEY({column}) REFERENCES {table} (id), "
        for column, table in KEYS.items()
    ]
    return text.replace("CONSTRAINT uq_messages_", "".join(keys) + "CONSTRAINT uq_messages_", 1)


def _rewrite(change) -> None:
    """SQLite's own way to take a key out of a table without copying it: its text is changed, not
    what is stored (sqlite.org/lang_altertable.html, section 7). Where a build of SQLite does not
    allow that the keys stay; they cost time and change nothing."""
    bind = op.get_bind()
    (number,) = bind.exec_driver_sql("PRAGMA schema_version").one()
    (text,) = bind.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE {TABLE}").one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    try:
        bind.exec_driver_sql(f"UPDATE sqlite_master SET sql = ? WHERE {TABLE}", (change(text),))
        bind.exec_driver_sql(f"PRAGMA schema_version = {number + 1}")
    except sa.exc.OperationalError as error:
        if "may not be modified" not in str(error):
            raise
    finally:
        bind.exec_driver_sql("PRAGMA writable_schema = RESET")
