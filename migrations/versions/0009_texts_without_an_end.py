"""Texts without an end: which SMS were taken and never reported about?

A small index of those alone. Mail is not in it.

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNREPORTED = sa.text("medium = 'sms' AND state = 'accepted' AND reason IN ('', 'no_report_yet')")


def upgrade() -> None:
    op.create_index(
        "ix_messages_unreported",
        "messages",
        ["reason", "finished_at"],
        sqlite_where=UNREPORTED,
        postgresql_where=UNREPORTED,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_unreported", table_name="messages")
