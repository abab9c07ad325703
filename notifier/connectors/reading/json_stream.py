"""How is a JSON file of any size read value by value, without holding all of it?

The standard library reads a document whole. Here the members of the outermost object or list are
cut out of the stream one by one, and a list among them element by element; each piece is then
read by the standard decoder. JSON Lines is the same with nothing between the pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

from notifier.errors import LookFailed

_CHUNK = 256 * 1024
MAX_PIECE = 64 * 1024 * 1024
_SPACE = " \t\r\n\ufeff"


def json_pieces(stream: TextIO) -> Iterator[tuple[str, Any, bool]]:
    """Yields (name, value, is_element) for a document.

    `name` is the member of the outermost object (empty for a list or JSON Lines); a member that
    is a list comes element by element with `is_element` True. Numbers with a point are Decimal,
    also NaN and Infinity, which JSON does not have but shops write. Raises LookFailed
    `not_json`, `truncated`, `too_deep` or `too_big`.
    """
    yield from _Pieces(stream).document()


class _Pieces:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)

    def document(self) -> Iterator[tuple[str, Any, bool]]:
        first = self._peek()
        if first == "[":
            for value in self._elements():
                yield "", value, True
        elif first == "{":
            yield from self._object_or_lines()
        else:
            raise self._wrong("starts with neither { nor [")
        if self._peek():
            raise self._wrong("goes on after its end")

    def _object_or_lines(self) -> Iterator[tuple[str, Any, bool]]:
        """An object member by member; several objects in a row are JSON Lines."""
        members = list(self._small_object())
        if members and self._peek() == "{":
            yield "", dict(members[0][1]), True
            while self._peek() == "{":
                yield "", self._value(), True
            return
        if members:
            yield "", members[0][1], False
            return
        yield from self._members()

    def _small_object(self) -> Iterator[tuple[str, Any]]:
        """The first object, if it ends within what a line of JSON Lines may take."""
        while len(self._text) - self._at < _CHUNK and not self._ended:
            self._read_more()
        try:
            value, end = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError:
            return
        except RecursionError as trouble:
            raise self._deep() from trouble
        self._at = end
        yield "", value

    def _members(self) -> Iterator[tuple[str, Any, bool]]:
        self._take("{")
        while self._peek() != "}":
            name = self._value()
            if not isinstance(name, str):
                raise self._wrong("has a member without a name")
            self._take(":")
            if self._peek() == "[":
                for value in self._elements():
                    yield name, value, True
            else:
                yield name, self._value(), False
            if self._peek() != ",":
                break
            self._take(",")
        self._take("}")

    def _elements(self) -> Iterator[Any]:
        self._take("[")
        while self._peek() != "]":
            yield self._value()
            if self._peek() != ",":
                break
            self._take(",")
        self._take("]")

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as trouble:
                if self._ended:
                    raise self._broken(trouble) from trouble
            except RecursionError as trouble:
                raise self._deep() from trouble
            else:
                # A number or word at the edge of what was read may go on behind it.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            if len(self._text) - self._at > MAX_PIECE:
                raise LookFailed("too_big", "One value of the JSON feed is larger than 64 MB.")
            self._read_more(double=True)

    def _peek(self) -> str:
        """The next character that is not space; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read_more()

    def _take(self, sign: str) -> None:
        found = self._peek()
        if not found:
            raise LookFailed("truncated", "The JSON feed stops in the middle; it was cut off.")
        if found != sign:
            raise self._wrong(f"has {found!r} where {sign!r} must stand")
        self._at += 1

    def _read_more(self, *, double: bool = False) -> None:
        have = len(self._text) - self._at
        more = self._stream.read(max(_CHUNK, have) if double else _CHUNK)
        self._ended = not more
        self._text = self._text[self._at :] + more
        self._at = 0

    def _broken(self, trouble: json.JSONDecodeError) -> LookFailed:
        if trouble.pos >= len(self._text.rstrip()) - 1 or "Unterminated" in trouble.msg:
            return LookFailed("truncated", "The JSON feed stops in the middle; it was cut off.")
        around = self._text[max(0, trouble.pos - 20) : trouble.pos + 20]
        return self._wrong(f"cannot be read near {around!r} ({trouble.msg})")

    def _wrong(self, what: str) -> LookFailed:
        return LookFailed("not_json", f"The JSON feed {what}.")

    def _deep(self) -> LookFailed:
        return LookFailed("too_deep", "The JSON feed is nested too deeply.")
