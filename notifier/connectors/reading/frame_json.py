"""Where does each item of a JSON feed begin and end?

Items are the elements of the outermost list, of the one list in the outermost object, or the
objects of JSON Lines. Brackets are counted, outside of strings.
"""

from __future__ import annotations

import re
from typing import IO

from notifier.connectors.reading.frames import LONGEST_END, Alone, is_like_ascii, read_head
from notifier.connectors.reading.json_records import is_item_list
from notifier.connectors.reading.records import Hints
from notifier.connectors.reading.text import find_encoding
from notifier.connectors.reading.window import LONGEST_PIECE, TooLong, Window

_SPACE = b" \t\r\n"
_BETWEEN = b" \t\r\n,"
_LONGEST_LINE = 256 * 1024
_WS = rb"[ \t\r\n]*"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_SCALAR = rb"(?:" + _STRING + rb"|[-+.\w]+)"
_MEMBER = re.compile(_WS + rb"(" + _STRING + rb")" + _WS + rb":" + _WS + _SCALAR + _WS + rb",")
_LIST = re.compile(_WS + rb"(" + _STRING + rb")" + _WS + rb":" + _WS + rb"\[" + _WS + rb"(?=\{)")
_SIGN = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _WS)
_OPEN_LIST = re.compile(rb"\[" + _WS + rb"(?=\{)")
_LAST_MEMBERS = (
    rb"\]" + _WS + rb"(?:," + _WS + _STRING + _WS + rb":" + _WS + _SCALAR + _WS + rb")*+\}" + _WS
)
_TAILS = {
    "list": re.compile(rb"\]" + _WS),
    "object": re.compile(_LAST_MEMBERS),
    "lines": re.compile(_WS),
}


class JsonFrame:
    """The frame of a JSON feed; `find_json_frame` makes it."""

    def __init__(self, head: bytes, *, kind: str, names: list[bytes], encoding: str) -> None:
        self.head = head
        self.encoding = encoding
        self.context = f"json {kind} {names!r} {encoding}"
        self._tail = _TAILS[kind]
        self._is_list = kind != "lines"
        self._between = _BETWEEN if self._is_list else _SPACE

    def piece(self, window: Window) -> bytes | None:
        if not window.has(1) or window.data[window.at] != 0x7B:
            return None
        size = _size_of_object(window)
        if size is None:
            return None
        end = window.past(self._between, size)
        between = window.data[window.at + size : window.at + end]
        is_last = not window.has(end + 1) or window.data[window.at + end] != 0x7B
        if self._is_list and between.count(b",") != (0 if is_last else 1):
            return None  # the reader may find fault with it
        return window.take(end)

    def stands_alone(self, piece: bytes) -> Alone:
        return Alone.YES

    def closes(self, tail: bytes) -> bool:
        return self._tail.fullmatch(tail) is not None


def _size_of_object(window: Window, *, limit: int = LONGEST_PIECE) -> int | None:
    """How many bytes the object that begins here has; None when it does not end."""
    wanted = 16 * 1024
    while True:
        is_more = window.has(wanted)
        depth = 0
        for found in _SIGN.finditer(window.data, window.at):
            sign = window.data[found.start()]
            if sign in b"{[":
                depth += 1
            elif sign in b"}]":
                depth -= 1
                if not depth:
                    return found.end() - window.at
        if not is_more:
            return None
        wanted *= 4
        if wanted > limit:
            raise TooLong


def find_json_frame(body: IO[bytes], hints: Hints) -> JsonFrame | None:
    """The frame of a JSON feed, if its items lie in one list and nothing else but values does."""
    encoding = hints.encoding or find_encoding(body)[0]
    if not is_like_ascii(encoding) or hints.record:
        return None
    start = read_head(body)
    found = _START.match(start)
    at = found.end() if found else 0
    opened = _OPEN_LIST.match(start, at)
    if opened:
        return JsonFrame(start[: opened.end()], kind="list", names=[], encoding=encoding)
    if start[at : at + 1] != b"{":
        return None
    if _are_lines(body, at):
        return JsonFrame(start[:at], kind="lines", names=[], encoding=encoding)
    names: list[bytes] = []
    inside = at + 1
    while member := _MEMBER.match(start, inside):
        names.append(member[1])
        inside = member.end()
    listed = _LIST.match(start, inside)
    if listed is None or listed.end() >= LONGEST_END or listed[1] in names:
        return None
    name = listed[1][1:-1].decode(encoding, "replace")
    if not is_item_list(name):
        return None
    names.append(listed[1])
    return JsonFrame(start[: listed.end()], kind="object", names=names, encoding=encoding)


def _are_lines(body: IO[bytes], at: int) -> bool:
    """Whether a second object follows the first, as far as the reader would look for one."""
    window = Window(body, at=at)
    size = _size_of_first(window)
    if size is None:
        return False
    after = window.past(_SPACE, size)
    return window.has(after + 1) and window.data[window.at + after] == 0x7B


def _size_of_first(window: Window) -> int | None:
    try:
        return _size_of_object(window, limit=_LONGEST_LINE)
    except TooLong:
        return None
