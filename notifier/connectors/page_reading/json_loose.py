"""What was meant by JSON that a shop's template put together without escaping anything?

`"name": "Monitor 27" wide"`, `"gtin": ,`, `"price": 12,50`, `"mpn": undefined`: each can be meant
in one way only, as long as the whole is JSON afterwards. Seen on shops that write names,
descriptions and empty fields into a template by hand; extruct's collected pages have the same.
"""

from __future__ import annotations

import re

_QUOTE = re.compile(r'\\.|"', re.DOTALL)
# What may follow the quote that ends a string; a quote before anything else belongs to the text.
_AFTER_STRING = re.compile(r'\s*+(?:[:\]}]|\Z|,\s*+(?:["{\[\]}]|-?\d|(?:true|false|null)\b|\Z))')
_BARE = (
    (re.compile(r"(:\s*+-?\d++),(\d{1,2})(?=\s*+[,}])"), r"\1.\2"),  # 12,50
    (re.compile(r"(:\s*+)(0\d++)(?=\s*+[,}\]])"), r'\1"\2"'),  # 007 is a name and no number
    (re.compile(r"(:\s*+\d++)\.(?=\s*+[,}\]])"), r"\1"),  # 5.
    (re.compile(r":(?=\s*+[,}\]])"), ": null"),
    (re.compile(r"\b(?:undefined|None|NULL|Null|nil)\b"), "null"),
    (re.compile(r"\bTrue\b"), "true"),
    (re.compile(r"\bFalse\b"), "false"),
)


def loosen_json(text: str) -> str:
    """`text` with its inner quotes escaped and its values made such as JSON knows."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        start = text.find('"', at)
        pieces.append(_with_known_values(text[at : start if start >= 0 else len(text)]))
        if start < 0:
            break
        string, at = _read_string(text, start)
        pieces.append(string)
    return "".join(pieces)


def _with_known_values(bare: str) -> str:
    """What stands between strings."""
    for pattern, instead in _BARE:
        bare = pattern.sub(instead, bare)
    return bare


def _read_string(text: str, start: int) -> tuple[str, int]:
    """The string whose quote is at `start`, as JSON writes it, and where it ends."""
    parts = ['"']
    at = start + 1
    for mark in _QUOTE.finditer(text, at):
        parts.append(text[at : mark.start()])
        at = mark.end()
        if mark.group() != '"':
            parts.append(mark.group())
        elif _AFTER_STRING.match(text, at):
            parts.append('"')
            return "".join(parts), at
        else:
            parts.append('\\"')
    return text[start:], len(text)
