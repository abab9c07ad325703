"""How do the prints of a feed come about while its pieces go by?

What is as it was is not copied but refers to the old prints: two sets of a million rows are not
held at once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator
from hashlib import blake2b
from itertools import chain
from typing import IO

from notifier.connectors.reading.prints import (
    KINDS,
    Prints,
    print_of_key,
    starts_of,
    write_prints,
)
from notifier.domain.seen_ids import SeenIds

BLOCK = 32  # pieces
_LONGEST_BLOCK = 2 * BLOCK


class _Column:
    """Numbers in a row, some of them a part of an older row."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: list[memoryview | array[int]] = []
        self._starts: list[int] = []
        self._own: array[int] | None = None
        self._run: tuple[array[int], int, int] | None = None  # of the older row
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, number: int) -> None:
        if self._own is None:
            self._end_run()
            self._own = array(self._kind)
            self._begin(self._own)
        self._own.append(number)
        self._length += 1

    def refer(self, old: array[int], start: int, stop: int) -> None:
        """These of the older row come next."""
        self._own = None
        if self._run is not None and self._run[2] == start:
            self._run = (old, self._run[1], stop)
        else:
            self._end_run()
            self._starts.append(self._length)
            self._run = (old, start, stop)
        self._length += stop - start

    def parts(self) -> list[memoryview]:
        self._end_run()
        return [memoryview(part) for part in self._parts]

    def own(self) -> Iterator[tuple[int, int]]:
        """Place and number of those that are not of the older row."""
        self._end_run()
        for start, part in zip(self._starts, self._parts, strict=True):
            if isinstance(part, array):
                yield from enumerate(part, start)

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self.parts())

    def __getitem__(self, place: int) -> int:
        part, within = self._find(place)
        return part[within]

    def __setitem__(self, place: int, number: int) -> None:
        part, within = self._find(place)
        part[within] = number

    def _find(self, place: int) -> tuple[memoryview | array[int], int]:
        self._end_run()
        at = bisect_right(self._starts, place) - 1
        return self._parts[at], place - self._starts[at]

    def _begin(self, part: array[int]) -> None:
        self._starts.append(self._length)
        self._parts.append(part)

    def _end_run(self) -> None:
        if self._run is not None:
            old, start, stop = self._run
            self._parts.append(memoryview(old)[start:stop])
            self._run = None


class NewPrints:
    """The prints of a feed. `context`: what the meaning of its pieces depends on besides them."""

    def __init__(self, context: str) -> None:
        self._context = context
        self._columns = tuple(_Column(kind) for kind in KINDS)
        self.pieces, self.keys, self._blocks, self._counts, self._sizes = self._columns
        self._hash = blake2b(digest_size=8)
        self._count = 0
        self._size = 0
        self._known: SeenIds | None = None

    def add(self, piece: bytes, print_: int, *, key: int = 0) -> None:
        """One piece. Without its key it is not known yet whose it is."""
        self.pieces.append(print_)
        self.keys.append(key)
        self._hash.update(piece)
        self._size += len(piece)
        self._count += 1
        if self._count == _LONGEST_BLOCK:
            self.close_block()

    def add_blocks(self, old: Prints, blocks: range, pieces: range) -> None:
        """Blocks of the last look that are as they were, with these pieces."""
        self.close_block()
        for new, before, run in zip(
            self._columns,
            (old.pieces, old.keys, old.blocks, old.counts, old.sizes),
            (pieces, pieces, blocks, blocks, blocks),
            strict=True,
        ):
            new.refer(before, run.start, run.stop)

    def close_block(self, *, at_least: int = 1) -> None:
        """The next piece begins another block, if this one has so many."""
        if self._count < at_least:
            return
        self._blocks.append(int.from_bytes(self._hash.digest(), "little") or 1)
        self._counts.append(self._count)
        self._sizes.append(self._size)
        self._hash = blake2b(digest_size=8)
        self._count = self._size = 0

    def finish(self, *, not_these: Collection[int] = ()) -> None:
        """Pieces whose id is not known, or one of `not_these`, are read every time."""
        self.close_block()
        unusable = [n for n, key in self.keys.own() if not key or key in not_these]
        if self.keys and not self.keys[len(self.keys) - 1]:
            unusable.append(len(self.keys) - 1)
        starts = starts_of(self._counts)
        for place in unusable:
            self.pieces[place] = self.keys[place] = 0
            self._blocks[bisect_right(starts, place) - 1] = 0

    def write(self, file: IO[bytes]) -> None:
        """At the file's place; `read_prints` reads it back."""
        columns = [column.parts() for column in self._columns]
        write_prints(file, columns, context=self._context)

    def has(self, key: str) -> bool:
        """Whether a row with this id has a print that is good. The first question is dear."""
        if self._known is None:
            self._known = SeenIds()
            for one in self.keys:
                if one:
                    self._known.see(one, None)
        return self._known.has(print_of_key(key))
