"""What does a look at a feed leave behind, so that the next one need not read what is as it was?

For every piece (the bytes of one row, up to the next) a print of 64 bits and one of its id, and
for every block of some pieces in a row one print of all of them. A million rows take 17 MB. What a
print stands for was read, judged and believed; 0 stands for a piece that must be read every time.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import IO

from notifier.connectors.reading.seen_ids import SeenIds

BLOCK = 32  # pieces
_LONGEST_BLOCK = 2 * BLOCK
_FORMAT = 1
_HEAD_LINE = 4096


def print_of(piece: bytes | memoryview) -> int:
    """64 bits of BLAKE2b, never 0."""
    return int.from_bytes(blake2b(piece, digest_size=8).digest(), "little") or 1


def print_of_key(key: str) -> int:
    """The same of an id."""
    return print_of(key.encode("utf-8", "surrogatepass"))


def _numbers() -> array[int]:
    return array("Q")


@dataclass(slots=True, kw_only=True)
class Prints:
    """The prints of one feed, in its order. `context`: what the pieces' meaning depends on."""

    context: str
    pieces: array[int] = field(default_factory=_numbers)
    keys: array[int] = field(default_factory=_numbers)
    blocks: array[int] = field(default_factory=_numbers)
    counts: array[int] = field(default_factory=lambda: array("H"))  # of each block, in pieces
    sizes: array[int] = field(default_factory=lambda: array("I"))  # of each block, in bytes

    _known: SeenIds | None = None

    def _columns(self) -> tuple[array[int], ...]:
        return self.pieces, self.keys, self.blocks, self.counts, self.sizes

    def write(self, file: IO[bytes]) -> None:
        """At the file's place; `read_prints` reads it back."""
        checked = blake2b(digest_size=16)
        for column in self._columns():
            checked.update(memoryview(column))
        head = {
            "format": _FORMAT,
            "order": sys.byteorder,
            "widths": [column.itemsize for column in self._columns()],
            "lengths": [len(column) for column in self._columns()],
            "checked": checked.hexdigest(),
            "context": self.context,
        }
        file.write(json.dumps(head).encode() + b"\n")
        for column in self._columns():
            column.tofile(file)

    def has(self, key: str) -> bool:
        """Whether a row with this id has a print that is good. The first question is dear."""
        if self._known is None:
            self._known = SeenIds()
            for one in self.keys:
                if one:
                    self._known.see(one, None)
        return self._known.has(print_of_key(key))

    def starts(self) -> array[int]:
        """The place of each block's first piece."""
        return array("Q", accumulate(self.counts, initial=0))

    def doubt(self, keys: Collection[str]) -> None:
        """Have the rows with these ids read."""
        doubted = {print_of_key(key) for key in keys}
        if not doubted:
            return
        starts = self.starts()
        for place, key in enumerate(self.keys):
            if key in doubted:
                self.pieces[place] = 0
                self.blocks[bisect_right(starts, place) - 1] = 0


def read_prints(file: IO[bytes], *, context: str = "") -> Prints | None:
    """What `Prints.write` wrote; None when it is damaged, or of another program or machine.

    With `context` also when that is another one.
    """
    try:
        head = json.loads(file.readline(_HEAD_LINE))
        prints = Prints(context=str(head["context"]))
        columns = prints._columns()
        widths = [column.itemsize for column in columns]
        if (head["format"], head["order"], head["widths"]) != (_FORMAT, sys.byteorder, widths):
            return None
        if context and prints.context != context:
            return None
        checked = blake2b(digest_size=16)
        for column, length in zip(columns, head["lengths"], strict=True):
            column.fromfile(file, length)
            checked.update(memoryview(column))
    except (ValueError, KeyError, TypeError, EOFError):
        return None
    return prints if checked.hexdigest() == head["checked"] else None


class PrintsMaker:
    """Makes the prints of a feed while its pieces go by."""

    def __init__(self, context: str) -> None:
        self.prints = Prints(context=context)
        self._hash = blake2b(digest_size=8)
        self._count = 0
        self._size = 0

    def add(self, piece: bytes, print_: int, *, key: int = 0) -> None:
        """One piece. Without its key it is not known yet who it is of."""
        self.prints.pieces.append(print_)
        self.prints.keys.append(key)
        self._hash.update(piece)
        self._size += len(piece)
        self._count += 1
        if self._count == _LONGEST_BLOCK:
            self.close_block()

    def add_block(self, old: Prints, block: int, start: int) -> None:
        """A block of the last look that is as it was."""
        self.close_block()
        new, count = self.prints, old.counts[block]
        new.pieces.extend(old.pieces[start : start + count])
        new.keys.extend(old.keys[start : start + count])
        new.blocks.append(old.blocks[block])
        new.counts.append(count)
        new.sizes.append(old.sizes[block])

    def close_block(self) -> None:
        """The next piece begins another block."""
        if not self._count:
            return
        self.prints.blocks.append(int.from_bytes(self._hash.digest(), "little") or 1)
        self.prints.counts.append(self._count)
        self.prints.sizes.append(self._size)
        self._hash = blake2b(digest_size=8)
        self._count = self._size = 0

    def is_full(self) -> bool:
        """Whether the block has the usual number of pieces."""
        return self._count >= BLOCK

    def finish(self, *, not_these: Collection[int] = ()) -> Prints:
        """All prints. Pieces whose id is not known, or one of `not_these`, are read every time."""
        self.close_block()
        prints = self.prints
        unusable = [n for n, key in enumerate(prints.keys) if not key or key in not_these]
        for place in unusable:
            prints.pieces[place] = prints.keys[place] = 0
        starts = prints.starts()
        for place in unusable:
            prints.blocks[bisect_right(starts, place) - 1] = 0
        return prints
