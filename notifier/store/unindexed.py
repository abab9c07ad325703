"""How is a planner kept from looking by a column?

Without statistics, which SQLite has only where somebody made them, a planner takes two columns that
have to equal something for a better guess than one that has to be among a list. A person has few
rows and a product a million: whoever knows which of them are wanted says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import String


def unindexed(column: Any) -> Any:
    """The column's value, in a form that no index has."""
    return column + ("" if isinstance(column.type, String) else 0)
