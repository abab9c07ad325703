"""How does a list leave as CSV so that no spreadsheet takes a cell for a formula?

RFC 4180, with a mark of UTF-8 in front since spreadsheets guess wrongly without. A cell that begins
with = + - @, a tab or a line break gets an apostrophe before it (trust WS-37).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS = 500  # written at a time


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """The rows as a file, sent while they are read."""
    answer = Response(_lines(head, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def safe_cell(value: Any) -> str:
    """The value as text that stays text."""
    text = "" if value is None else str(value)
    if isinstance(value, (int, float)) or not text.startswith(_FORMULA):
        return text
    return f"'{text}"


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(head)
    for number, row in enumerate(rows, 1):
        writer.writerow([safe_cell(value) for value in row])
        if number % _ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
