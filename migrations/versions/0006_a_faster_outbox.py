"""A faster outbox: what is due by release, what is taken by sender

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WANTED = sa.text("state IN ('due', 'unknown') AND finished_at IS NULL")
SENDING = sa.text("state = 'sending'")


def upgrade() -> None:
    _remake("ix_messages_due", ["channel", "priority", "release_id", "due_at", "id"], WANTED)
    _remake("ix_messages_leased", ["lease_owner", "id"], SENDING)


def downgrade() -> None:
    _remake("ix_messages_leased", ["lease_until"], SENDING)
    _remake("ix_messages_due", ["channel", "priority", "due_at", "id"], WANTED)


def _remake(name, columns, where) -> None:
    """No batch: SQLite makes and drops an index without copying the table."""
    op.drop_index(name, table_name="messages")
    op.create_index(name, "messages", columns, sqlite_where=where, postgresql_where=where)
