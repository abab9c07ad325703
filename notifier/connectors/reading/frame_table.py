"""Where does each row of a CSV or TSV file begin and end?

A piece is a line, or as many as it takes until every quote in them is closed. The header must be
the very same as the last time.
"""

from __future__ import annotations

import csv
import hashlib
import re
from typing import IO

from notifier.connectors.reading.frames import LONGEST_END, Alone, is_like_ascii, read_head
from notifier.connectors.reading.records import Hints
from notifier.connectors.reading.shop_exports import needs_rows_before
from notifier.connectors.reading.table_records import read_header
from notifier.connectors.reading.text import find_encoding
from notifier.connectors.reading.window import Window

_BREAK = b"\r\n"
_MOST_LINES = 200


class TableFrame:
    """The frame of a table; `find_table_frame` makes it."""

    def __init__(self, head: bytes, *, delimiter: str, width: int, encoding: str) -> None:
        self.head = head
        self.encoding = encoding
        digest = hashlib.blake2b(head, digest_size=16).hexdigest()
        self.context = f"table {digest} {encoding} {delimiter!r} {width}"
        self._width = width
        self._delimiter = delimiter
        self._mark = delimiter.encode()
        sign = re.escape(self._mark)
        # a quote counts only as the first sign of a cell
        quoted = rb'"(?:[^"]++|"")*+"'
        plain = rb'(?:[^"' + sign + rb"\r\n][^" + sign + rb"\r\n]*+)?"
        cell = rb"(?:" + quoted + rb"|" + plain + rb")"
        self._row = re.compile(cell + rb"(?:" + sign + cell + rb")*+(?:\r?\n)*+")

    def piece(self, window: Window) -> bytes | None:
        if not window.has(1):
            return None
        end = window.find(b"\n") + 1
        if end and window.data.find(b'"', window.at, window.at + end) >= 0:
            end = self._end_of_quotes(window, end)
        if not end:  # the last line has no end
            return window.take(len(window.data) - window.at)
        return window.take(window.past(_BREAK, end))

    def _end_of_quotes(self, window: Window, end: int) -> int:
        for _ in range(_MOST_LINES):
            if self._row.fullmatch(window.data, window.at, window.at + end):
                return end
            more = window.find(b"\n", end) + 1
            if not more:
                break
            end = more
        return end

    def stands_alone(self, piece: bytes) -> Alone:
        if b"\0" in piece or piece.startswith(b"# ") or not self._row.fullmatch(piece):
            return Alone.NO
        if not piece.strip(b' \t\r\n"' + self._mark):
            return Alone.NO  # a row of nothing is no row
        width = piece.count(self._mark) + 1
        if b'"' in piece:
            text = piece.decode(self.encoding, "replace")
            width = len(next(csv.reader(text.splitlines(keepends=True), delimiter=self._delimiter)))
        return Alone.YES if width == self._width else Alone.READ

    def closes(self, tail: bytes) -> bool:
        return not tail


def find_table_frame(body: IO[bytes], hints: Hints) -> TableFrame | None:
    """The frame of a table, if it has a header, single bytes for signs, and rows for themselves."""
    encoding = hints.encoding or find_encoding(body)[0]
    if not is_like_ascii(encoding):
        return None
    found = read_header(body, hints=hints, encoding=encoding)
    if found is None:
        return None
    names, delimiter, lines = found
    if needs_rows_before(names):
        return None
    start = read_head(body)
    at = 0
    for _ in range(lines):
        at = start.find(b"\n", at) + 1
        if not at:
            return None
    while start[at : at + 1] in (b"\r", b"\n"):
        at += 1
    head = start[:at]
    if at >= LONGEST_END or b"\r" in head.replace(b"\r\n", b"") or not delimiter.isascii():
        return None
    return TableFrame(head, delimiter=delimiter, width=len(names), encoding=encoding)
