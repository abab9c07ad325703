"""The queue of more than one machine

Procrastinate's tables, on PostgreSQL only. They are made from a copy that is kept here, not from
the package: it is an extra that need not be installed, and a migration does in a year what it does
today. They are there with either engine, so that changing it is a setting and no migration.

Revision: 0005
Follows: 0004
"""

from pathlib import Path

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parents[1] / "queue_3_10.sql"

# What the schema makes, by what PostgreSQL's own lists say, so that nothing is forgotten.
DROP = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relkind = 'r' AND c.relname LIKE 'procrastinate\\_%'
        AND c.relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP TABLE ' || found.name || ' CASCADE';
    END LOOP;
    FOR found IN SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.proname LIKE 'procrastinate\\_%'
        AND p.pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || found.name || ' CASCADE';
    END LOOP;
    FOR found IN SELECT t.oid::regtype AS name FROM pg_type t
        WHERE t.typname LIKE 'procrastinate\\_%'
        AND t.typnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP TYPE ' || found.name || ' CASCADE';
    END LOOP;
END $$
"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # the driver's own connection: to SQLAlchemy the colons in it would be parameters, and
        # without parameters psycopg sends many statements at once
        connection.connection.driver_connection.execute(SCHEMA.read_text(encoding="utf-8"))


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.execute(DROP)
