"""How is a row inserted or brought up to date in one statement on both databases?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or(tx: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, in the words of the connection's database.

    Its `rowcount` says how many rows went in. Unless asked for that, psycopg says -1.
    """
    return insert_into(tx.dialect.name, table)


def insert_into(dialect: str, table: Table) -> Any:
    """The same for a statement that is built once and run often: by the dialect's name."""
    words = sqlite if dialect == "sqlite" else postgresql
    return words.insert(table).execution_options(preserve_rowcount=True)
