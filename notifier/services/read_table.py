"""Which rows does somebody's CSV file hold?

The sign between columns is what the first line has most of; text is UTF-8 or, where a line is none,
Windows' Western encoding. A row that cannot be read is given as its error and holds up no other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from notifier.errors import InvalidInput

MOST_COLUMNS = 500
LONGEST_CELL = 20_000
LONGEST_LINE = 1_000_000
_SEPARATORS = ",;\t|"


def read_table(
    file: Path, *, seen: Callable[[bytes], object] = lambda _octets: None
) -> Iterator[tuple[int, list[str] | InvalidInput]]:
    """The rows with their numbers, counted from 1 as a spreadsheet does; empty ones are left out.

    The first is the header. `seen` is given the octets as they are read. Raises
    errors.InvalidInput when the file as a whole is no CSV file.
    """
    with file.open("rb") as opened:
        table = csv.reader(_lines(opened, seen), delimiter=_separator(opened), strict=False)
        number = 0
        while True:
            number += 1
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, InvalidInput.of("row", "csv", f"The row cannot be read: {error}.")
                continue
            if any(cell.strip() for cell in cells):
                yield number, _refused(cells) or cells


def find_named(header: Sequence[str], names: Mapping[str, str]) -> dict[str, int]:
    """Where each field stands. `names`: field → its names, with blanks between; case, blanks and
    signs do not count, and the first column of a name does."""
    by_name = {name: field for field, words in names.items() for name in words.split()}
    found: dict[str, int] = {}
    for place, name in enumerate(header):
        field = by_name.get(plain(name))
        if field is not None:
            found.setdefault(field, place)
    return found


def plain(name: str) -> str:
    """A column's name without case, blanks and signs."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _refused(cells: Sequence[str]) -> InvalidInput | None:
    if len(cells) > MOST_COLUMNS:
        return InvalidInput.of(
            "row", "too_wide", f"The row has {len(cells)} columns.", most=MOST_COLUMNS
        )
    longest = max((len(cell) for cell in cells), default=0)
    if longest > LONGEST_CELL:
        return InvalidInput.of(
            "row", "too_long", f"A cell has {longest} characters.", most=LONGEST_CELL
        )
    if any("\x00" in cell for cell in cells):
        return InvalidInput.of("row", "nul", "The row holds a NUL character.")
    return None


def _separator(opened: io.BufferedReader) -> str:
    """Leaves the file at its start."""
    start = opened.read(64 * 1024)
    opened.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput.of("file", "utf_16", "The file is UTF-16. Save it as CSV UTF-8.")
    if start.startswith(b"PK\x03\x04"):
        raise InvalidInput.of("file", "not_csv", "This is a spreadsheet. Save it as CSV UTF-8.")
    first = next((line for line in start.decode("utf-8", "replace").splitlines() if line), "")
    return max(_SEPARATORS, key=first.count)


def _lines(opened: io.BufferedReader, seen: Callable[[bytes], object]) -> Iterator[str]:
    is_first = True
    while octets := opened.readline(LONGEST_LINE):
        seen(octets)
        try:
            text = octets.decode("utf-8-sig" if is_first else "utf-8")
        except UnicodeDecodeError:
            text = octets.decode("cp1252", "replace")
        is_first = False
        yield text
