"""What is set in the admin

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # the default a copied text was made from, and why a draft cannot be published yet
    op.add_column('templates', sa.Column('copied_text', sa.Text(), server_default='', nullable=False))
    op.add_column('templates', sa.Column('problem', sa.Text(), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('templates', 'problem')
    op.drop_column('templates', 'copied_text')
