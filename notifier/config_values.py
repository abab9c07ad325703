"""Is a single configured value one that works: a length of time, an origin, a name, a colour?

Each reader gives the value in the form the program needs, or raises BadValue with a sentence
that says what to write instead.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from notifier.errors import BadValue, FieldProblem

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
LONGEST = timedelta(days=36_525)  # a hundred years: dates beyond it end in errors
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST_NAME = 64
# pydantic's words for what is too much or too little, and ours
_LIMITS = {
    "ge": "least",
    "min_length": "least",
    "gt": "above",
    "le": "most",
    "max_length": "most",
    "lt": "below",
}
_ENTRIES = {"too_short": "too_few_entries", "too_long": "too_many_entries"}


def read_length(value: object) -> object:
    """`90s`, `15m`, `6h`, `30d`, `1h30m` as a timedelta; anything else is left for pydantic."""
    if isinstance(value, str):
        parts = _LENGTH.findall(value)
        if not parts or _LENGTH.sub("", value).strip():
            message = f"{value!r} is not a length of time; write 90s, 15m, 6h or 30d"
            raise BadValue("length", message, typed=value)
        seconds = sum(float(n) * _UNITS[unit] for n, unit in parts)
        if seconds > LONGEST.total_seconds():
            raise BadValue("century", f"{value[:40]!r} is longer than a hundred years")
        return timedelta(seconds=seconds)
    return value


def write_length(value: timedelta) -> str:
    """The same the other way: `15m`, in the greatest unit that leaves no rest."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise BadValue("negative", "a length of time is not below zero")
    return value


def _some(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise BadValue("no_time", "must be 1s or more")
    return value


Length = Annotated[timedelta, BeforeValidator(read_length), AfterValidator(_not_negative)]
# where no time at all would mean a loop without a pause, or that nothing is ever sent
SomeTime = Annotated[timedelta, BeforeValidator(read_length), AfterValidator(_some)]


def read_origin(origin: str) -> str:
    """An origin spelled as browsers send it: they compare letter by letter."""
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _no_origin(origin)
    if parts.path or parts.query or parts.fragment:
        what = "a trailing slash" if parts.path == "/" else "a path"
        fixed = f"{parts.scheme}://{parts.netloc}"
        message = f"{origin!r} has {what}; browsers send {fixed!r}, so write that"
        raise BadValue("origin_path", message, typed=origin, fixed=fixed)
    if "*" in origin:
        message = f"{origin!r} has a *; list each address of the shop by itself"
        raise BadValue("origin_star", message, typed=origin)
    try:
        host = parts.hostname.encode("idna").decode("ascii")
        port = parts.port
    except (UnicodeError, ValueError) as error:
        raise _no_origin(origin) from error
    if ":" in host:
        host = f"[{host}]"
    ending = f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else ""
    sent = f"{parts.scheme}://{host}{ending}"
    if sent != origin:
        message = f"browsers send {sent!r} where {origin!r} is meant, so write that"
        raise BadValue("origin_path", message, typed=origin, fixed=sent)
    return origin


def _no_origin(origin: str) -> BadValue:
    message = f"{origin!r} is not an origin; write https://shop.example"
    return BadValue("origin", message, typed=origin)


def check_name(name: str, *, what: str) -> None:
    """A name that is kept in rows and shown in addresses."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadValue(
            "name",
            f"{name!r} cannot name a {what}; take up to {LONGEST_NAME} letters, digits, dots, "
            "dashes and underscores",
            typed=name,
            most=LONGEST_NAME,
        )


def read_domain(value: str) -> str:
    """A domain in small letters; empty stays empty."""
    domain = value.lower()
    if domain and not _DOMAIN.fullmatch(domain):
        message = f"{value!r} is not a domain; write kettle.myshopify.com"
        raise BadValue("domain", message, typed=value)
    return domain


def read_colour(value: str) -> str:
    if value and not _COLOUR.fullmatch(value):
        raise BadValue("colour", f"{value!r} is not a colour like #0b6e4f", typed=value)
    return value


def problem_of(found: Any, *, field: str) -> FieldProblem:
    """What pydantic found wrong with a setting. The code is ours, or else pydantic's own type."""
    context = found.get("ctx", {})
    error = context.get("error")
    if isinstance(error, BadValue):
        return FieldProblem(field=field, code=error.code, message=str(error), values=error.values)
    words = str(found["msg"]).removeprefix("Value error, ")
    words = {"extra_forbidden": "is not a setting", "missing": "is missing"}.get(
        found["type"], words
    )
    values = {_LIMITS[name]: value for name, value in context.items() if name in _LIMITS}
    code = _ENTRIES.get(found["type"], found["type"])
    return FieldProblem(field=field, code=code, message=words, values={**values, "said": words})
