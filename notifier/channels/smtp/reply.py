"""What did the server say? Reads replies from raw bytes, as leniently as is safe.

Servers in the wild send lines longer than 512 octets, bare LF, UTF-8, and continuation lines
without a code. None of that may turn into a verdict of our own making: what cannot be read is
`Unreadable`, never a made-up code (RFC 5321 4.2, 4.5.3.1.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Reply", "ReplyReader", "Unreadable", "find_enhanced_code"]

LONGEST_REPLY = 1_000_000  # octets; beyond this somebody is not speaking SMTP
KEPT_LINES = 200
KEPT_LINE = 4096

_LINE = re.compile(r"([2-5]\d\d)(?:([ -])(.*))?$", re.DOTALL)
# `5.1.1 text`, IronPort's `#5.1.0 text`, qmail's `text (#5.1.1)`; never a part of an IP address.
_ENHANCED = re.compile(r"(?:^|#)([245]\.\d{1,3}\.\d{1,3})(?![.\d])")


class Unreadable(Exception):
    """These bytes are no SMTP reply. The text is what could be read of them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply: its code, its RFC 3463 code (or empty), and the text of its lines."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one, without the codes."""
        return " ".join(line.strip() for line in self.lines).strip()


def find_enhanced_code(code: int, lines: tuple[str, ...]) -> str:
    """The RFC 3463 code in these lines, if it is of the same class as the three digits."""
    for line in lines:
        match = _ENHANCED.search(line.strip())
        if match and match[1][0] == str(code)[0]:
            return match[1]
    return ""


class ReplyReader:
    """Takes bytes as they come and gives back whole replies. Does no I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._seen = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left over that belongs to a further reply."""
        return not self._buffer and not self._lines

    def feed(self, octets: bytes) -> None:
        self._buffer += octets
        self._seen += len(octets)

    def next_reply(self) -> Reply | None:
        """The next whole reply, or None when more bytes are needed. Raises Unreadable."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            reply = self._take_line(line)
            if reply is not None:
                self._seen = len(self._buffer)
                return reply
        if self._seen > LONGEST_REPLY:
            raise Unreadable(_decode(bytes(self._buffer[:200])) or " ".join(self._lines[:2]))
        return None

    def skip_good(self, start: bytes) -> bool:
        """Pass over the next reply if it is one line and begins with `start`: what is said in it
        does not matter then. False when it is another one, or not there yet."""
        if not start or self._lines or not self._buffer.startswith(start):
            return False
        end = self._buffer.find(b"\n")
        if end < 0:
            return False
        del self._buffer[: end + 1]
        self._seen = len(self._buffer)
        return True

    def end(self) -> Reply | None:
        """The server has closed: whether the last, unended line is a whole reply all the same."""
        line = bytes(self._buffer)
        self._buffer.clear()
        return self._take_line(line) if line else None

    def _take_line(self, raw: bytes) -> Reply | None:
        line = _decode(raw)
        match = _LINE.match(line)
        if match is None:
            if not self._lines and not line.strip():
                return None  # an empty line between two replies does no harm
            if not self._lines:
                raise Unreadable(line[:200])
            self._keep(line)
            return None
        self._keep(match[3] or "")
        if match[2] == "-":
            return None
        lines = tuple(self._lines)
        self._lines.clear()
        code = int(match[1])
        return Reply(code, find_enhanced_code(code, lines), lines)

    def _keep(self, line: str) -> None:
        if len(self._lines) < KEPT_LINES:
            self._lines.append(line[:KEPT_LINE])


def _decode(raw: bytes) -> str:
    return raw[:KEPT_LINE].rstrip(b"\r").decode("utf-8", errors="replace")
