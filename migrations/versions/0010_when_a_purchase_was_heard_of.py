"""When a purchase was heard of: by our clock, since the shop's may be behind.

Of those before nobody knows.

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("purchases", sa.Column("heard_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("purchases", "heard_at")
