"""Which rows are read where one in so many stands for all?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, true

_PRIME, _SCATTER = 10_007, 7_919


def one_in(every: int, ids: ColumnElement[Any]) -> ColumnElement[bool]:
    """One row in so many, at most in 10,000; always the same ones, whatever the order they were
    written in."""
    if every == 1:
        return true()
    return ids % _PRIME * _SCATTER % _PRIME < _PRIME // every
