"""Which rows of a feed are, byte for byte, as they were at the last look?

Those are not read. The others are put into an excerpt: the head of the feed, the pieces that are
new, its end. The excerpt is a feed of its own, so the ordinary reader reads it and finds in it
whatever it would have found in the whole. Where that is not certain the whole is read:

- the head means what it did, and every piece that is not known stands alone;
- the excerpt is without a fault (Notes.flawless) and has as many rows as pieces;
- no row of the excerpt has the id of one that was not read (reading.marks).
"""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from dataclasses import dataclass
from typing import IO, cast

from notifier.connectors.reading.frame_json import find_json_frame
from notifier.connectors.reading.frame_table import find_table_frame
from notifier.connectors.reading.frame_xml import find_xml_frame
from notifier.connectors.reading.frames import LONGEST_END, Alone, Frame, read_head
from notifier.connectors.reading.new_prints import BLOCK, NewPrints
from notifier.connectors.reading.prints import Prints, print_of, starts_of
from notifier.connectors.reading.records import Hints
from notifier.connectors.reading.text import Shape
from notifier.connectors.reading.window import TooLong, Window
from notifier.connectors.reading.xml_records import item_tags

MOST_TO_READ = 20_000  # rows; of more, the whole is read as a stream
_NEAR = 64  # pieces
_SPOOL = 4 * 1024 * 1024


def find_frame(body: IO[bytes], shape: Shape, hints: Hints) -> Frame | None:
    """How the feed is cut into pieces, where that can be told from its beginning."""
    if shape is Shape.TABLE:
        return find_table_frame(body, hints)
    if shape is Shape.JSON:
        return find_json_frame(body, hints)
    tags = item_tags(hints)
    return None if tags[0].startswith("{") else find_xml_frame(read_head(body), tags=tags)


def cut(body: IO[bytes], frame: Frame, *, context: str) -> NewPrints | None:
    """The prints of all pieces, nobody's yet; None when the feed cannot be cut into pieces."""
    new = NewPrints(context)
    window = Window(body, at=len(frame.head))
    try:
        while (piece := frame.piece(window)) is not None:
            alone = frame.stands_alone(piece)
            if alone is Alone.NO:
                return None
            new.add(piece, print_of(piece) if alone is Alone.YES else 0)
            new.close_block(at_least=BLOCK)
    except TooLong:
        return None
    tail = window.rest(LONGEST_END)
    return new if tail is not None and frame.closes(tail) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The rows to read, as a feed. `places`: where their pieces are in the whole, from 0."""

    body: IO[bytes]
    places: list[int]
    same: int
    new: NewPrints


def excerpt(body: IO[bytes], frame: Frame, prints: Prints, *, context: str) -> Excerpt | None:
    """What is not as it was; None when the whole must be read."""
    compared = _Comparison(body, frame, prints, context=context)
    try:
        compared.run()
    except TooLong:
        return None
    tail = compared.window.rest(LONGEST_END)
    if compared.gave_up or tail is None or not frame.closes(tail):
        return None
    if not (compared.same and compared.unknown):
        return None
    # closed when the last reference goes
    short = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_SPOOL))  # noqa: SIM115
    short.writelines((frame.head, *compared.unknown, tail))
    short.seek(0)
    return Excerpt(body=short, places=compared.places, same=compared.same, new=compared.new)


class _Comparison:
    """Goes through a feed and the prints of its last look side by side."""

    def __init__(self, body: IO[bytes], frame: Frame, prints: Prints, *, context: str) -> None:
        self.window = Window(body, at=len(frame.head))
        self.new = NewPrints(context)
        self.unknown: list[bytes] = []
        self.places: list[int] = []
        self.same = 0
        self.gave_up = False
        self._frame = frame
        self._old = prints
        self._starts = starts_of(prints.counts)
        self._by_first: dict[int, int] = {}
        self._most = min(MOST_TO_READ, max(len(prints.pieces) // 4, 100))

    def run(self) -> None:
        """To the end of the feed, or until it is clear that the whole must be read."""
        at = 0  # of the old pieces, what is expected next
        jump = -1
        while not self.gave_up:
            at = self._same_blocks(at)
            piece = self._frame.piece(self.window)
            if piece is None:
                return
            mark = print_of(piece)
            found = self._find_near(mark, at, jump)
            if found is not None:
                self.new.add(piece, mark, key=self._old.keys[found])
                self.same += 1
                at, jump = found + 1, -1
            else:
                # it may be known from elsewhere; then what followed it there follows here
                jump = self._first_places().get(mark, -2) + 1
                self._read(piece, mark)

    def _same_blocks(self, at: int) -> int:
        """Take all blocks that are as they were, if one begins here; what is expected then."""
        old, window, starts = self._old, self.window, self._starts
        block = bisect_left(starts, at)
        if block >= len(old.blocks) or starts[block] != at:
            return at
        self.new.close_block()
        first = block
        while block < len(old.blocks):
            size = old.sizes[block]
            if not old.blocks[block] or not window.has(size):
                break
            taken = memoryview(window.data)[window.at : window.at + size]
            if print_of(taken) != old.blocks[block]:
                break
            window.at += size
            block += 1
        if block > first:
            pieces = range(starts[first], starts[block])
            self.new.add_blocks(old, range(first, block), pieces)
            self.same += len(pieces)
        return starts[block]

    def _find_near(self, mark: int, at: int, jump: int) -> int | None:
        """The place of a piece among the next old ones."""
        pieces = self._old.pieces
        if jump >= at and jump < len(pieces) and pieces[jump] == mark:
            return jump
        try:
            return pieces.index(mark, at, at + _NEAR)
        except ValueError:
            return None

    def _first_places(self) -> dict[int, int]:
        """The old pieces that began a block."""
        if not self._by_first:
            pieces = self._old.pieces
            self._by_first = {pieces[start]: start for start in self._starts[:-1] if pieces[start]}
            self._by_first.setdefault(0, -2)
        return self._by_first

    def _read(self, piece: bytes, mark: int) -> None:
        alone = self._frame.stands_alone(piece)
        if alone is Alone.NO or len(self.unknown) >= self._most:
            self.gave_up = True
            return
        self.places.append(len(self.new.pieces))
        self.unknown.append(piece)
        self.new.add(piece, mark if alone is Alone.YES else 0)
