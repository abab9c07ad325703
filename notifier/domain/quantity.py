"""How many units does a shop's text mean?

Follows trust RL-20: a negative count sells nothing, a fraction is rounded down, an absurd one is
cut to 10⁹, a yes or no is an answer without a count, and NaN or Infinity is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from notifier.errors import InvalidInput

MAX_UNITS = 10**9

_YES = frozenset(["true", "yes", "y", "ja", "oui", "si", "sí", "да", "instock", "available"])
_NO = frozenset(["false", "no", "n", "nein", "non", "нет", "outofstock", "soldout", "unavailable"])
_UNTRACKED = frozenset(["unlimited", "infinite", "∞", "untracked", "not tracked", "unbegrenzt"])
_EMPTY = frozenset(["", "-", "–", "null", "none", "n/a", "na", "unknown"])
_AT_LEAST = re.compile(r"(?:>=?|≥|über|over|more than)\s*(\d{1,9})|(\d{1,9})\s*\+", re.IGNORECASE)
_UNIT = re.compile(r"\s*(?:pcs?|pieces?|units?|items?|st(?:k|ück|\.)?|шт)\.?$", re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,'’\s]\d{3})+(?:[.,]\d+)?")
_NOT_FINITE = frozenset(["nan", "inf", "infinity"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What a quantity says. `count` is what can be sold, None when no number was given.

    `in_stock` is set where the text was a yes or no, or says that stock is not counted.
    `raw` is the signed whole number as the shop keeps it; `warning` says what was bent.
    """

    count: int | None = None
    raw: int | None = None
    in_stock: bool | None = None
    warning: str = ""


NOTHING = Units()


def read_units(value: object, *, field: str = "quantity", decimal: str = "") -> Units:
    """What `value` says; empty Units when it says nothing.

    `decimal` is the shop's decimal sign, needed only for `1,000` and `1.000`. Raises InvalidInput,
    code `not_finite` for NaN and Infinity and `not_a_quantity` for other nonsense.
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return Units(in_stock=value)
    if isinstance(value, (list, dict, tuple)):
        raise _unreadable(field, value)
    text = str(value)
    found = _read(text.strip().casefold(), decimal) if len(text) <= 400 else None
    if found is None:
        raise _unreadable(field, value)
    return found


@lru_cache(maxsize=16_384)
def _read(text: str, decimal: str) -> Units | None:
    if text.isascii() and text.isdigit():
        return _units(Decimal(text), text)
    word = re.sub(r"[\s_-]", "", text)
    if text in _EMPTY:
        return NOTHING
    if word in _YES or word in _NO:
        return Units(in_stock=word in _YES)
    if text in _UNTRACKED:
        return Units(in_stock=True)
    if found := _AT_LEAST.fullmatch(text):
        return _units(Decimal(found[1] or found[2]), text)
    number = _UNIT.sub("", text)
    plain, warning = _without_grouping(number, decimal)
    if plain is None:
        return None
    units = _units(plain, text)
    return Units(count=units.count, raw=units.raw, warning=units.warning or warning)


def _without_grouping(text: str, decimal: str) -> tuple[Decimal | None, str]:
    """The number in `text`, and a warning where it could mean two things."""
    warning = ""
    mark = decimal
    if not mark:
        dots, commas = text.count("."), text.count(",")
        if dots and commas:
            mark = "," if text.rfind(",") > text.rfind(".") else "."
        elif dots + commas > 1:
            mark = "," if dots else "."
        elif commas:
            mark = "." if _GROUPED.fullmatch(text) else ","
        else:
            mark = "."
        if dots + commas == 1 and _GROUPED.fullmatch(text):
            warning = f"{text!r} could mean two numbers; set the decimal sign"
    other = "," if mark == "." else "."
    if other in text and not _GROUPED.fullmatch(text):
        return None, ""
    cleaned = re.sub(r"['’\s]", "", text.replace(other, "")).replace(mark, ".")
    return (Decimal(cleaned), warning) if _PLAIN.fullmatch(cleaned) else (None, "")


def _units(number: Decimal, text: str) -> Units:
    if number > MAX_UNITS:
        return Units(count=MAX_UNITS, raw=MAX_UNITS, warning=f"quantity {text} was cut to 10⁹")
    if number < -MAX_UNITS:
        return Units(count=0, raw=-MAX_UNITS, warning=f"quantity {text} is below zero")
    whole = int(number.to_integral_value(rounding="ROUND_FLOOR"))
    if whole < 0:
        return Units(count=0, raw=whole, warning=f"quantity {text} is below zero, so none to sell")
    warning = f"quantity {text} was rounded down" if whole != number else ""
    return Units(count=whole, raw=whole, warning=warning)


def _unreadable(field: str, value: object) -> InvalidInput:
    shown = str(value)[:80]
    if shown.strip().lstrip("+-").casefold() in _NOT_FINITE:
        return InvalidInput.of(field, "not_finite", f"{shown!r} is not a number of units.")
    return InvalidInput.of(
        field, "not_a_quantity", f"{shown!r} is not a number of units such as 12."
    )
