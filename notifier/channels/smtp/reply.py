"""What did the server say? Reads replies from raw bytes, as leniently as is safe.

Servers in the wild send lines longer than 512 octets, bare LF, UTF-8, and continuation lines
without a code. None of that may turn into a verdict of our own making: what cannot be read is
`Unreadable`, never a made-up code (RFC 5321 4.2, 4.5.3.1.5).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Reply", "ReplyReader", "Unreadable", "find_enhanced_code"]

T = TypeVar("T")

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
        self._whole: deque[bytes] = deque()  # lines that have come in full
        self._rest = b""
        self._lines: list[str] = []  # of the reply that is being read
        self._length = 0  # octets of it so far

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left over that belongs to a further reply."""
        return not self._whole and not self._rest and not self._lines

    def feed(self, octets: bytes) -> None:
        *whole, self._rest = (self._rest + octets if self._rest else octets).split(b"\n")
        self._whole += whole

    def next_reply(self) -> Reply | None:
        """The next whole reply, or None when more bytes are needed. Raises Unreadable."""
        while self._whole:
            line = self._whole.popleft()
            self._length += len(line)
            reply = self._take_line(line)
            if reply is not None:
                self._length = 0
                return reply
            self._refuse_endless(line)
        self._refuse_endless(self._rest)
        return None

    def _refuse_endless(self, line: bytes) -> None:
        if self._length + len(self._rest) > LONGEST_REPLY:
            raise Unreadable(_decode(line[:200]) or " ".join(self._lines[:2]))

    def skip_good(self, start: bytes) -> bool:
        """Pass over the next reply if it is one line and begins with `start`: what is said in it
        does not matter then. False when it is another one, or not there yet."""
        if not start or self._lines or not self._whole or not self._whole[0].startswith(start):
            return False
        self._whole.popleft()
        self._length = 0
        return True

    def take(self, judge: Callable[[bytes], T | None]) -> T | None:
        """What `judge` makes of the next line, which is a whole reply then. None, with the line
        left for `next_reply`, where it makes nothing of it or no line has come."""
        if self._lines or not self._whole:
            return None
        found = judge(self._whole[0])
        if found is not None:
            self._whole.popleft()
            self._length = 0
        return found

    def end(self) -> Reply | None:
        """The server has closed: whether the last, unended line is a whole reply all the same."""
        line, self._rest = self._rest, b""
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
