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
    # the log of what was sent to a webhook
    op.create_index(
        'ix_messages_hooks',
        'messages',
        ['channel', 'id'],
        sqlite_where=sa.text("medium = 'webhook'"),
        postgresql_where=sa.text("medium = 'webhook'"),
    )
    op.create_table(
        'demand_counts',
        sa.Column('id', BIG, sa.Identity(always=False), nullable=False),
        sa.Column('shop_id', BIG, nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('took_ms', sa.Integer(), server_default=sa.text('0'), nullable=False),
        sa.Column('whole', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('new_by_day', JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(['shop_id'], ['shops.id'], name=op.f('fk_demand_counts_shop_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_demand_counts')),
    )
    op.create_index('ix_demand_counts_shop_id', 'demand_counts', ['shop_id', 'id'])
    op.create_table(
        'demand_rows',
        sa.Column('count_id', BIG, nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('target', sa.String(length=24), nullable=False),
        sa.Column('product_id', BIG, nullable=False),
        sa.Column('variant_id', BIG, nullable=True),
        sa.Column('people', sa.Integer(), nullable=False),
        sa.Column('units', sa.Integer(), nullable=False),
        sa.Column('unconfirmed', sa.Integer(), nullable=False),
        sa.Column('new_7_days', sa.Integer(), nullable=False),
        sa.Column('new_30_days', sa.Integer(), nullable=False),
        sa.Column('new_90_days', sa.Integer(), nullable=False),
        sa.Column('waiting_since', sa.DateTime(timezone=True), nullable=True),
        sa.Column('money', sa.Numeric(precision=18, scale=2), nullable=True),
        sa.PrimaryKeyConstraint('count_id', 'place', name=op.f('pk_demand_rows')),
    )
    for name, column in (
        ('product', 'product_id'), ('units', 'units'), ('money', 'money'), ('new', 'new_30_days'), ('since', 'waiting_since')
    ):
        op.create_index(f'ix_demand_rows_{name}', 'demand_rows', ['count_id', column])
    # the lists of the admin go by these
    op.create_index('ix_subscriptions_shop_id_state', 'subscriptions', ['shop_id', 'state', 'id'])
    op.create_index('ix_subscriptions_shop_id_created_at', 'subscriptions', ['shop_id', 'created_at'])


def downgrade() -> None:
    op.drop_index('ix_messages_hooks', table_name='messages')
    op.drop_index('ix_subscriptions_shop_id_created_at', table_name='subscriptions')
    op.drop_index('ix_subscriptions_shop_id_state', table_name='subscriptions')
    op.drop_table('demand_rows')
    op.drop_table('demand_counts')
    op.drop_index('ix_setting_changes_path', table_name='setting_changes')
    op.drop_table('setting_changes')
    op.drop_table('settings')
    op.drop_column('templates', 'problem')
    op.drop_column('templates', 'copied_text')
