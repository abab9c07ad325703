"""Which JSON values are in a script block that shops wrote by hand?

Strict JSON first. Then the damage seen on real pages, each repaired only where it is certain what
was meant: control characters in strings, comments, trailing commas, CDATA and comment wrappers,
HTML entities for quotes, several values in a row, quotes and values nobody escaped, a text that
holds the JSON. What is cut off stays unread.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from notifier.connectors.page_reading.json_loose import loosen_json

MAX_REPAIR = 2 * 1024 * 1024
MAX_LOOSE = 256 * 1024  # it is the slowest repair, and no product fills as much

_OPENERS = re.compile(r"(?:<!--|(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?)", re.IGNORECASE)
_CLOSERS = re.compile(r"(?:-->|(?://|/\*)?\s{0,20}\]\]>\s{0,20}(?:\*/)?)\s*\Z", re.IGNORECASE)
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BLANKS = re.compile(r"\s*+")
_MARK = re.compile(r'["/,]')
_ESCAPE = re.compile(r'(\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|\\(.?)', re.DOTALL)


def read_json_values(text: str) -> tuple[list[Any], str]:
    """All JSON values in `text`, and what was wrong with it (empty when nothing).

    Numbers with a decimal point become Decimal; NaN and Infinity become None. Never raises.
    """
    text = text.strip().lstrip("\ufeff").strip()
    if not text:
        return [], "the block is empty"
    values, problem = _read_all(text)
    if not problem:
        inner = values[0] if len(values) == 1 else None
        if isinstance(inner, str) and inner.strip()[:1] in ("{", "["):
            return _read_all(inner.strip())  # JSON that was written as JSON once more
        return values, ""
    if len(text) > MAX_REPAIR:
        return values, problem
    for repaired in _repairs(text):
        found, still = _read_all(repaired)
        if found and not still:
            return found, f"repaired: {problem}"
    return values, problem


def _repairs(text: str) -> Iterator[str]:
    """The same text, repaired in one way after the other, the surest first."""
    yield tidy_json(text)
    yield tidy_json(html.unescape(text))
    if len(text) <= MAX_LOOSE:
        yield tidy_json(loosen_json(text))


def _read_all(text: str) -> tuple[list[Any], str]:
    """Read values one after another; stop at the first that cannot be read."""
    decoder = json.JSONDecoder(strict=False, parse_float=Decimal, parse_constant=lambda _: None)
    values: list[Any] = []
    at = 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            return values, f"{error.msg} (line {error.lineno}, column {error.colno})"
        except (RecursionError, ValueError, ArithmeticError) as error:
            return values, f"unreadable: {type(error).__name__}"
        values.append(value)
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
    return values, ""


def tidy_json(text: str) -> str:
    """`text` without wrappers, comments and commas too many, and with escapes that JSON knows."""
    opener = _OPENERS.match(text)
    text = _CLOSERS.sub("", text[opener.end() :] if opener else text, count=1)
    pieces: list[str] = []
    at = 0
    while mark := _MARK.search(text, at):
        start = mark.start()
        pieces.append(text[at:start])
        at = _copy_mark(text, start, pieces=pieces)
    pieces.append(text[at:])
    return "".join(pieces).strip()


def _copy_mark(text: str, start: int, *, pieces: list[str]) -> int:
    """Copy or drop what begins at `start`; return where to go on."""
    if text[start] == '"':
        string = _STRING.match(text, start)
        if not string:
            pieces.append(text[start:])
            return len(text)
        pieces.append(_ESCAPE.sub(r"\1\2", string.group()))
        return string.end()
    if text.startswith("//", start):
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    if text.startswith("/*", start):
        end = text.find("*/", start)
        return len(text) if end < 0 else end + 2
    if text[start] == "," and _closes_next(text, start + 1):
        return start + 1
    pieces.append(text[start])
    return start + 1


def _closes_next(text: str, at: int) -> bool:
    """Is the next thing after blanks and comments a closing bracket (or another comma)?"""
    while (at := _BLANKS.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        if text.startswith("//", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at)
            at = len(text) if end < 0 else end + 2
        else:
            return text[at] in "]},"
    return True
