"""How are the rows of a CSV or TSV file read, as shops really write them?

The delimiter is found in the header line, whatever the file is called. Comment rows above the
header (Meta's template), a byte order mark, `sep=;`, ragged rows, line breaks in quotes, NUL
bytes and every usual encoding are read; what shifts columns is refused row by row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import IO, Any

from notifier.connectors.reading.columns import Field, fold, looks_like_header, wanted_names
from notifier.connectors.reading.records import Hints, Notes, Record, Records
from notifier.connectors.reading.shop_exports import known_export
from notifier.connectors.reading.text import find_encoding
from notifier.errors import LookFailed

MAX_COLUMNS = 2_000
MAX_CELL = 4 * 1024 * 1024
MAX_LINES_IN_CELL = 2_000
_HEADER_WITHIN = 30
_DELIMITERS = ("\t", ",", ";", "|")
_QUOTED = re.compile(r'"(?:[^"]++|"")*+"')
_END = "\x02end of the table\x03"


def read_table(body: IO[bytes], *, hints: Hints, notes: Notes) -> Records:
    """The records of a table. Raises LookFailed when it has no usable header or is cut off."""
    notes.format = "table"
    encoding, errors = (hints.encoding, "replace") if hints.encoding else find_encoding(body)
    body.seek(0)
    stream = io.TextIOWrapper(body, encoding=encoding, errors=errors, newline="")
    try:
        yield from _Table(_Lines(stream, notes), hints=hints, notes=notes).records()
    finally:
        stream.detach()


def read_header(
    body: IO[bytes], *, hints: Hints, encoding: str
) -> tuple[list[str], str, int] | None:
    """The names in the header, the delimiter, and how many lines go before the first row.

    None when there is no header that could be used. Leaves `body` at its start.
    """
    body.seek(0)
    stream = io.TextIOWrapper(body, encoding=encoding, errors="replace", newline="")
    lines = _Lines(stream, Notes())
    try:
        names, delimiter = _Table(lines, hints=hints, notes=Notes())._find_header()
    except LookFailed:
        return None
    finally:
        stream.detach()
        body.seek(0)
    return names, delimiter, lines.count


class _Lines:
    """The lines of the file, without NUL, and at the end one that proves that no quote is open."""

    def __init__(self, stream: io.TextIOWrapper, notes: Notes) -> None:
        self._stream = stream
        self._notes = notes
        self.last = ""
        self.count = 0
        self.of_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(MAX_CELL):
            self.count += 1
            if "\0" in line:
                self._notes.warn("NUL bytes were taken out", f"line {self.count}")
                self._notes.flawless = False
                line = line.replace("\0", "")
            self.last = line
            self.of_row.append(line)
            yield line
        if not self.last.endswith(("\n", "\r")):
            yield "\n"
        yield _END


class _Table:
    def __init__(self, lines: _Lines, *, hints: Hints, notes: Notes) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
        self._lines = lines
        self._hints = hints
        self._notes = notes
        self._source = iter(lines)
        self._ragged = 0

    def records(self) -> Records:
        header, delimiter = self._find_header()
        plan = self._plan(header)
        correct = known_export(header, columns=self._hints.columns)
        reader = csv.reader(self._source, delimiter=delimiter)
        number = 0
        started = self._lines.count
        self._lines.of_row = []
        width = 0
        held: Record | None = None  # the last row, until it is known not to be cut off
        while True:
            row = self._next(reader, number + 1)
            if row is None:
                number += 1
                self._notes.rows += 1
                self._notes.complete = False
                self._lines.of_row = []
                continue
            if row[-1:] == [_END]:
                break
            self._refuse_swallowed(row, started, delimiter=delimiter)
            started = self._lines.count
            if not any(cell and not cell.isspace() for cell in row) or row[0].startswith("# "):
                continue
            number += 1
            width = len(row)
            self._ragged += width < len(header)
            if width > len(header) and any(cell.strip() for cell in row[len(header) :]):
                ids = dict(plan(width))
                id_at = ids[Field.KEY] if Field.KEY in ids else ids[Field.SKU]
                yield self._too_wide(number, row, width=len(header), id_at=id_at)
                continue
            values: dict[Field, Any] = {f: row[i] for f, i in plan(width)}
            if correct is not None and not correct(values, row):
                continue
            if held is not None:
                yield held
            held = Record(number, values)
        if held is not None and self._is_whole(width, len(header), alone=number == 1):
            yield held

    def _next(self, reader: Any, number: int) -> list[str] | None:
        """The next row; None for one that csv cannot read, which is noted."""
        try:
            row: list[str] = next(reader, [_END])
        except csv.Error as trouble:
            self._notes.refuse(
                number, field="", value="", message=f"The row cannot be read: {trouble}."
            )
            return None
        return row

    def _refuse_swallowed(self, row: list[str], started: int, *, delimiter: str) -> None:
        """A quote that was never closed swallows rows until the next one, or until the end.

        Until the next one: then the cells behind it are those of another row.
        """
        lines, self._lines.of_row = self._lines.of_row, []
        if row and row[-1].endswith(_END):
            raise LookFailed(
                "truncated",
                f"A quote opened near line {started + 1} is never closed: the file was cut off "
                "there, or the quote is wrong. Nothing was changed.",
            )
        if self._lines.count - started > MAX_LINES_IN_CELL:
            raise LookFailed(
                "bad_quotes",
                f"The row at line {started + 1} spans {self._lines.count - started} lines; "
                "a quote in it is never closed.",
            )
        if len(lines) > 1 and _closes_elsewhere("".join(lines), delimiter=delimiter):
            raise LookFailed(
                "bad_quotes",
                f"A quote opened near line {started + 1} is closed only in another row. Double "
                "the quotes inside of cells, or leave quotes out. Nothing was changed.",
            )

    def _too_wide(self, number: int, row: list[str], *, width: int, id_at: int) -> Record:
        """A row whose cells are shifted somewhere: only what is in the first is certain."""
        if id_at:
            self._notes.complete = False  # whose row it is, nobody knows
        return Record(
            number,
            {} if id_at else {Field.KEY: row[0]},
            fault=f"The row has {len(row)} cells, the header {width}; a cell with the "
            "delimiter in it must be quoted.",
        )

    def _is_whole(self, width: int, expected: int, *, alone: bool) -> bool:
        """False for a last row without line end and with too few cells: it was probably cut off."""
        if self._lines.last.endswith(("\n", "\r")) or width >= expected:
            return True
        if self._ragged == 1 and not alone:
            raise LookFailed(
                "truncated",
                f"The last row has {width} of {expected} cells and no line end; it was cut off.",
            )
        self._notes.complete = False
        self._notes.warn("the last row may be cut off, so it was left out")
        return False

    def _find_header(self) -> tuple[list[str], str]:
        """The header row and the delimiter: the first row of known names, else the first row."""
        fallback: tuple[list[str], str] | None = None
        for line in self._source:
            if self._lines.count > _HEADER_WITHIN or line == _END:
                break
            text = line.strip().lstrip("\ufeff")
            if text.lower().startswith("sep=") and len(text) <= 5:
                continue
            if not text:
                continue
            names, delimiter = self._split(line)
            if len(names) > MAX_COLUMNS:
                raise LookFailed(
                    "too_many_columns",
                    f"The header has more than {MAX_COLUMNS} columns. That is no product feed.",
                )
            if looks_like_header(names) >= 2 or self._holds_own(names):
                return names, delimiter
            if fallback is None and not text.startswith("#"):
                fallback = names, delimiter
                if looks_like_header(names):
                    return fallback
        names = fallback[0] if fallback else []
        raise LookFailed(
            "no_header",
            "The table has no header row with names that are known. "
            f"The first row holds: {', '.join(n[:40] for n in names[:15])}. "
            'Map its names in `columns`, for example key = "article".',
        )

    def _holds_own(self, names: list[str]) -> bool:
        stripped = {name.strip() for name in names}
        return any(theirs in stripped for theirs in self._hints.columns.values())

    def _split(self, line: str) -> tuple[list[str], str]:
        """The cells of a header line by the delimiter that gives the most known names."""
        options = [self._hints.delimiter] if self._hints.delimiter else _DELIMITERS
        best: tuple[tuple[int, int], list[str], str] = ((-1, -1), [], ",")
        for delimiter in options:
            delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
            if line.count(delimiter) > 4 * MAX_COLUMNS:
                return [""] * (MAX_COLUMNS + 1), delimiter
            # The header's own quoted line breaks pull further lines from the file.
            if line.count('"') % 2:
                line += next(self._source, "")
            names = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
            names = [name.replace("\ufeff", "").strip() for name in names]
            score = (looks_like_header(names), len(names))
            if score > best[0]:
                best = score, names, delimiter
        return best[1], best[2]

    def _plan(self, header: list[str]) -> Any:
        """A function from the width of a row to the fields it can fill, with their cells."""
        self._notes.columns = [name[:60] for name in header[:200]]
        found = _columns_for(header, self._hints)
        if Field.KEY not in found and Field.SKU not in found:
            raise LookFailed(
                "no_id_column",
                f"No column is known as the id. The columns are: {', '.join(header[:40])}. "
                'Map one in `columns`, for example key = "article".',
            )
        by_width: dict[int, list[tuple[Field, int]]] = {}

        def plan(width: int) -> list[tuple[Field, int]]:
            if width not in by_width:
                by_width[width] = [(f, i) for f, i in found.items() if i < width]
            return by_width[width]

        return plan


def _closes_elsewhere(text: str, *, delimiter: str) -> bool:
    """Whether a quote is opened in one line of a row and closed within a cell of another.

    A quote that is meant ends its cell.
    """
    at = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted is not None:
            at = quoted.end()
            if "\n" in quoted[0] and text[at : at + 1] not in ("", "\r", "\n", delimiter):
                return True
        following = text.find(delimiter, at)
        if following < 0:
            return False
        at = following + 1
    return False


def _columns_for(header: list[str], hints: Hints) -> dict[Field, int]:
    """The best column for each field. The merchant's own map is exact first, folded second."""
    best: dict[Field, tuple[int, int]] = {}
    wanted = wanted_names(hints.columns)
    for index, name in enumerate(header):
        for field, rank in wanted.get(fold(name), ()):
            exact = -1 if hints.columns.get(field) == name else rank
            if field not in best or exact < best[field][0]:
                best[field] = exact, index
    found = {field: index for field, (_, index) in best.items()}
    if found.get(Field.REGULAR_PRICE) == found.get(Field.PRICE):
        found.pop(Field.REGULAR_PRICE, None)
    return found
