"""How is a setting written in a form, and what is meant by what somebody wrote there?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from notifier.config_values import read_length, write_length
from notifier.errors import BadValue

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})?")


class Shape(StrEnum):
    """What kind of value a field takes."""

    TEXT = "text"
    PARAGRAPH = "paragraph"
    WHOLE = "whole"
    NUMBER = "number"
    SHARE = "share"  # in per cent; the file has 0.05 where a form has 5
    LENGTH = "length"
    TICK = "tick"
    CHOICE = "choice"
    LIST = "list"  # one a line
    MAP = "map"  # `key = value`, one a line


def shape_of(kind: Any) -> tuple[Shape, tuple[str, ...]]:
    """The shape of a type as the configuration declares it, and its choices."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return shape_of(next(one for one in get_args(kind) if one is not type(None)))
    if origin is Literal:
        return Shape.CHOICE, tuple(str(one) for one in get_args(kind))
    if origin is not None and hasattr(kind, "__metadata__"):  # Annotated
        return shape_of(get_args(kind)[0])
    known = origin or kind
    if not isinstance(known, type):
        return Shape.TEXT, ()
    if issubclass(known, Enum):
        return Shape.CHOICE, tuple(str(one.value) for one in known)
    for types, shape in _SHAPES:
        if issubclass(known, types):
            return shape, ()
    return (Shape.MAP if is_dataclass(known) else Shape.TEXT), ()


_SHAPES: tuple[tuple[type | tuple[type, ...], Shape], ...] = (
    (bool, Shape.TICK),
    (int, Shape.WHOLE),
    (float, Shape.NUMBER),
    (timedelta, Shape.LENGTH),
    (str, Shape.TEXT),
    (Mapping, Shape.MAP),
    ((tuple, list, set, frozenset), Shape.LIST),
)


def text_of(value: Any, shape: Shape | None = None) -> str:
    """A value as a form shows it; a tick is `yes` or nothing."""
    if value is None:
        return ""
    if shape is Shape.SHARE:
        return f"{Decimal(str(value)) * 100:f}".rstrip("0").rstrip(".") or "0"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, timedelta):
        return write_length(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return "\n".join(
            f"{key} = {one}" for key, many in value.items() for one in _each(many) if one != ""
        )
    if isinstance(value, (tuple, list, set, frozenset)):
        return "\n".join(str(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return text_of({one.name: getattr(value, one.name) for one in fields(value)})
    return str(value)


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


def value_of(shape: Shape, text: str) -> Any:
    """What was written, as the file would have it. Raises errors.BadValue."""
    text = text.replace("\r\n", "\n").strip()
    if shape is Shape.TICK:
        return text == "yes"
    if shape in (Shape.WHOLE, Shape.NUMBER):
        return _number(text, whole=shape is Shape.WHOLE)
    if shape is Shape.SHARE:
        return _share(text)
    if shape is Shape.LENGTH:
        if not text:
            raise BadValue("no_length", "is empty; write 90s, 15m, 6h or 30d")
        read_length(text)  # so that all that is wrong on a page is told at once
        return text
    if shape is Shape.LIST:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if shape is Shape.MAP:
        return _map(text)
    return text


def _number(text: str, *, whole: bool) -> int | float:
    if not _NUMBER.fullmatch(text) or (whole and not text.lstrip("-").isdigit()):
        if not text:
            raise BadValue("empty_number", "is empty; write a number")
        if whole:
            raise BadValue("whole", f"{text[:40]!r} is not a whole number", typed=text[:40])
        raise _no_number(text)
    return int(text) if whole else float(text.replace(",", "."))


def _no_number(text: str) -> BadValue:
    if not text:
        return BadValue("empty_number", "is empty; write a number")
    return BadValue("no_number", f"{text[:40]!r} is not a number", typed=text[:40])


def _share(text: str) -> float:
    """`2.5`, `2,5` or `2.5 %` is 0.025, to the last digit."""
    typed = text.removesuffix("%").strip()
    if not _NUMBER.fullmatch(typed):
        raise _no_number(text)
    percent = Decimal(typed.replace(",", "."))
    if not 0 <= percent <= 100:
        raise BadValue("share", "must be from 0 to 100 per cent")
    return float(percent / 100)


def _map(text: str) -> dict[str, Any]:
    """`key = value` lines; a key said again has more than one value."""
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        key, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not key:
            message = f"{line.strip()[:40]!r} is not a line like: name = value"
            raise BadValue("pair", message, typed=line.strip()[:40])
        if key in found:
            found[key] = [*_each(found[key]), value]
        else:
            found[key] = value
    return found
