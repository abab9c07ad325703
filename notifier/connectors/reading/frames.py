"""Where in the bytes of a feed does each row begin and end, without reading what is in it?

A frame is a guess from the beginning of a feed. It is good only if the reader finds just as many
rows as there are pieces, without a fault in the file: who uses frames must see to that.
"""

from __future__ import annotations

import codecs
from enum import Enum
from typing import IO, Protocol

from notifier.connectors.reading.window import Window

LONGEST_END = 64 * 1024  # before the first row, and after the last
_LIKE_ASCII = ("utf-8", "ascii", "cp125", "iso8859", "koi8")


class Alone(Enum):
    """Whether a piece can be understood without its neighbours."""

    NO = "no"
    READ = "read"  # it can, but what it means for the whole must be seen every time
    YES = "yes"


class Frame(Protocol):
    """How one feed is cut. `context`: all that a piece's meaning depends on besides its bytes.

    `encoding` is what the reader would find out from the whole file, empty where it asks the head.
    """

    head: bytes
    context: str
    encoding: str

    def piece(self, window: Window) -> bytes | None:
        """The next row with all that lies between it and the following; None after the last."""
        ...

    def stands_alone(self, piece: bytes) -> Alone:
        """Whether the piece is whole, so that it ends where it seems to."""
        ...

    def closes(self, tail: bytes) -> bool:
        """Whether nothing but the end of the file follows the last row."""
        ...


def is_like_ascii(encoding: str) -> bool:
    """Whether the signs that matter are one byte each, which stands for nothing else."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return False
    return name.startswith(_LIKE_ASCII)


def read_head(body: IO[bytes]) -> bytes:
    """The first bytes; the file is at its start afterwards."""
    body.seek(0)
    head = body.read(LONGEST_END)
    body.seek(0)
    return head
