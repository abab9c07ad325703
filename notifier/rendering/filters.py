"""Which filters may a message template use?

A few, each bounded, so that no chain of them can grow a text without end (trust L12, WS-T1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2.filters as stock
from jinja2 import Undefined
from markupsafe import Markup, escape

LONGEST = 10_000  # characters any filter may give back
LONGEST_CUT = 500


class FilterRefused(ValueError):
    """A filter was given something it does not take, or would give back too much."""


def truncate(text: object, length: int = 80, end: str = "…") -> str:
    """At most `length` characters, cut between words where that loses little, then `end`."""
    if not 1 <= length <= LONGEST_CUT:
        raise FilterRefused(f"truncate takes a length from 1 to {LONGEST_CUT}, not {length}")
    whole = str(text)
    if len(whole) <= length:
        return whole
    cut = whole[: max(0, length - len(end))]
    at_word = cut.rpartition(" ")[0]
    kept = at_word if len(at_word) >= len(cut) * 2 // 3 else cut
    return kept.rstrip(" ,;:-–(") + end


def replace(text: object, old: str, new: str) -> str:
    """`text` with each `old` replaced by `new`."""
    whole = str(text)
    if not old:
        raise FilterRefused("replace needs something to look for, not an empty text")
    return _bounded(whole.replace(old, new) if len(new) <= LONGEST else new)


def join(items: object, separator: str = ", ") -> str:
    """The items of a list as one text. Takes lists only, never a text."""
    if not isinstance(items, (list, tuple)):
        raise FilterRefused(f"join takes a list, not {items!r:.40}")
    return _bounded(separator.join(str(item) for item in items))


def round_number(number: float, precision: int = 0) -> float | int:
    """`number` rounded to 0–6 places."""
    if not 0 <= precision <= 6:
        raise FilterRefused(f"round takes 0 to 6 places, not {precision}")
    return round(number, precision or None)


def whole_number(value: object, default: int = 0) -> int:
    """`value` as a whole number, `default` when it is none."""
    text = str(value).strip()
    return int(text) if text.lstrip("-").isdecimal() and len(text) <= 12 else default


def plural(count: int, one: str, many: str) -> str:
    """`3 units`: the number with the word that fits it."""
    return f"{count} {one if count == 1 else many}"


def default(value: object, fallback: object = "", empty_too: bool = False) -> object:
    """`fallback` where the value is not given (or empty, with `true` as second argument)."""
    missing = isinstance(value, Undefined) or (empty_too and not value)
    return fallback if missing else value


def _of_text(change: Callable[[str], str]) -> Callable[[object], str]:
    def changed(text: object) -> str:
        return _bounded(change(str(text)))

    return changed


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise FilterRefused(
            f"a filter would give back {len(text)} characters; {LONGEST} is the most"
        )
    return text


def _escape(text: object) -> Markup:
    return escape(text)


ALLOWED: Mapping[str, Callable[..., Any]] = {
    "upper": _of_text(str.upper),
    "lower": _of_text(str.lower),
    "title": _of_text(stock.do_title),
    "capitalize": _of_text(str.capitalize),
    "trim": _of_text(str.strip),
    "default": default,
    "truncate": truncate,
    "replace": replace,
    "join": join,
    "length": len,
    "first": lambda items: items[0] if items else "",
    "last": lambda items: items[-1] if items else "",
    "escape": _escape,
    "e": _escape,
    "round": round_number,
    "int": whole_number,
    "plural": plural,
}
