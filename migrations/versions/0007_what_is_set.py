"""What is set in the admin

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def upgrade() -> None:
    # the default a copied text was made from, and why a draft cannot be published yet
    op.add_column('templates', sa.Column('copied_text', sa.Text(), server_default='', nullable=False))
    op.add_column('templates', sa.Column('problem', sa.Text(), server_default='', nullable=False))
    op.create_table(
        'settings',
        sa.Column('path', sa.String(length=400), nullable=False),
        sa.Column('value', JSON, nullable=False),
        sa.Column('sealed', sa.Text(), server_default='', nullable=False),
        sa.Column('change_id', BIG, nullable=False),
        sa.PrimaryKeyConstraint('path', name=op.f('pk_settings')),
    )
    op.create_table(
        'setting_changes',
        sa.Column('id', BIG, sa.Identity(always=False), nullable=False),
        sa.Column('path', sa.String(length=400), nullable=False),
        sa.Column('was', JSON, nullable=True),
        sa.Column('now', JSON, nullable=True),
        sa.Column('secret', sa.String(length=8), server_default=sa.text("''"), nullable=False),
        sa.Column('by', sa.String(length=128), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_setting_changes')),
    )
    op.create_index('ix_setting_changes_path', 'setting_changes', ['path', 'id'])


def downgrade() -> None:
    op.drop_index('ix_setting_changes_path', table_name='setting_changes')
    op.drop_table('setting_changes')
    op.drop_table('settings')
    op.drop_column('templates', 'problem')
    op.drop_column('templates', 'copied_text')
