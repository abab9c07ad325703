"""How does Alembic reach our database? By the connection that store/schema.py hands it."""

from alembic import context
from sqlalchemy import JSON

from notifier.store.tables import metadata
from notifier.store.tables.base import Instant


def render_item(kind, item, autogen_context):
    """Write plain types into migrations: an old migration imports none of today's code."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
