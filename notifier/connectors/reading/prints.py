"""What did the last look at a feed leave behind, so that the next need not read what is as it was?

For every piece (the bytes of one row, up to the next) a print of 64 bits and one of its id, and
for every block of some pieces in a row one print of all of them. A million rows take 17 MB. What a
print stands for was read, judged and believed; 0 stands for a piece that must be read every time.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import IO

KINDS = ("Q", "Q", "Q", "H", "I")  # pieces, keys; of blocks: prints, counts, sizes
_FORMAT = 1
_HEAD_LINE = 4096


def print_of(piece: bytes | memoryview) -> int:
    """64 bits of BLAKE2b, never 0."""
    return int.from_bytes(blake2b(piece, digest_size=8).digest(), "little") or 1


def print_of_key(key: str) -> int:
    """The same of an id."""
    return print_of(key.encode("utf-8", "surrogatepass"))


def starts_of(counts: Iterable[int]) -> array[int]:
    """The place of each block's first piece, and behind them the number of all."""
    return array("Q", accumulate(counts, initial=0))


@dataclass(frozen=True, slots=True)
class Prints:
    """The prints of a feed, in its order. `counts` and `sizes`: of each block, pieces and bytes."""

    pieces: array[int]
    keys: array[int]
    blocks: array[int]
    counts: array[int]
    sizes: array[int]

    def doubt(self, keys: Collection[str]) -> None:
        """Have the rows with these ids read."""
        doubted = {print_of_key(key) for key in keys}
        if not doubted:
            return
        starts = starts_of(self.counts)
        for place, key in enumerate(self.keys):
            if key in doubted:
                self.pieces[place] = 0
                self.blocks[bisect_right(starts, place) - 1] = 0


def write_prints(file: IO[bytes], columns: Iterable[Iterable[memoryview]], *, context: str) -> None:
    """At the file's place. `columns`: those of Prints, each in parts, in the order of KINDS."""
    parts = [list(column) for column in columns]
    checked = blake2b(digest_size=16)
    for column in parts:
        for part in column:
            checked.update(part)
    head = {
        "format": _FORMAT,
        "order": sys.byteorder,
        "widths": [array(kind).itemsize for kind in KINDS],
        "lengths": [sum(map(len, column)) for column in parts],
        "checked": checked.hexdigest(),
        "context": context,
    }
    file.write(json.dumps(head).encode() + b"\n")
    for column in parts:
        file.writelines(column)


def read_prints(file: IO[bytes], *, context: str) -> Prints | None:
    """What `write_prints` wrote; None when it is damaged, or of another context or machine."""
    columns = tuple(array(kind) for kind in KINDS)
    widths = [column.itemsize for column in columns]
    try:
        head = json.loads(file.readline(_HEAD_LINE))
        if (head["format"], head["order"], head["widths"]) != (_FORMAT, sys.byteorder, widths):
            return None
        if head["context"] != context:
            return None
        checked = blake2b(digest_size=16)
        for column, length in zip(columns, head["lengths"], strict=True):
            column.fromfile(file, length)
            checked.update(memoryview(column))
    except (ValueError, KeyError, TypeError, EOFError):
        return None
    return Prints(*columns) if checked.hexdigest() == head["checked"] else None
