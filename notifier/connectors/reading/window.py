"""How is a large file looked at piece by piece without holding more of it than a few pieces?"""

from __future__ import annotations

from typing import IO

_CHUNK = 1024 * 1024
LONGEST_PIECE = 4 * 1024 * 1024


class TooLong(Exception):
    """A piece does not end within what one may be."""


class Window:
    """A part of `body` in memory. `data[at:]` is what was not taken yet."""

    def __init__(self, body: IO[bytes], *, at: int = 0) -> None:
        body.seek(at)
        self._body = body
        self._ended = False
        self.data = b""
        self.at = 0

    def has(self, size: int) -> bool:
        """Whether so many bytes follow; they are in memory then."""
        while len(self.data) - self.at < size and not self._ended:
            self._more()
        return len(self.data) - self.at >= size

    def find(self, mark: bytes, start: int = 0) -> int:
        """How far after `at` the mark is, not before `start`; -1: it does not come any more."""
        while True:
            found = self.data.find(mark, self.at + start)
            if found >= 0:
                return found - self.at
            if self._ended:
                return -1
            have = len(self.data) - self.at
            if have > LONGEST_PIECE:
                raise TooLong
            start = max(start, have - len(mark) + 1)
            self._more()

    def past(self, signs: bytes, start: int) -> int:
        """How far after `at` the first byte is that is none of `signs`, not before `start`."""
        while True:
            if not self.has(start + 1):
                return len(self.data) - self.at
            if self.data[self.at + start] not in signs:
                return start
            start += 1
            if start > LONGEST_PIECE:
                raise TooLong

    def take(self, size: int) -> bytes:
        """These bytes, which are in memory."""
        taken = self.data[self.at : self.at + size]
        self.at += size
        return taken

    def rest(self, limit: int) -> bytes | None:
        """All that follows; None when that is more than `limit`."""
        return None if self.has(limit + 1) else self.data[self.at :]

    def _more(self) -> None:
        chunk = self._body.read(_CHUNK)
        self._ended = not chunk
        self.data = self.data[self.at :] + chunk
        self.at = 0
