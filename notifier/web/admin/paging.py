"""How does one go through a long list: by the last row seen, never by a page's number?

A cursor is opaque to the browser. It names the last row of the page before; a wrong one is refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from flask import request, url_for

from notifier.errors import InvalidInput

T = TypeVar("T")
PAGE = 50
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of rows, and where the next one begins; no `next_url` on the last."""

    rows: Sequence[T]
    next_url: str = ""
    first_url: str = ""


def asked_limit(default: int = PAGE) -> int:
    """`?limit=`, 1 to MOST. Raises errors.InvalidInput."""
    text = request.args.get("limit", "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:6]) <= MOST:
        raise InvalidInput.of("limit", "limit", f"must be a number from 1 to {MOST}", most=MOST)
    return int(text)


def asked_choice(name: str, choices: Sequence[str], *, default: str) -> str:
    """`?name=` if it is one of `choices`. Raises errors.InvalidInput."""
    text = request.args.get(name, "") or default
    if text not in choices:
        raise InvalidInput.of(name, "choice", f"must be one of {', '.join(choices)}")
    return text


def asked_cursor(*kinds: type) -> tuple[Any, ...] | None:
    """The values of `?after=`, one of each type in `kinds`; None at the start of the list.

    Raises errors.InvalidInput for what we did not write.
    """
    text = request.args.get("after", "")
    if not text:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        values = json.loads(base64.urlsafe_b64decode(padded))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError("another shape")
        for value, kind in zip(values, kinds, strict=True):
            if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
                raise ValueError("another type")
    except (ValueError, UnicodeError, RecursionError) as error:
        raise InvalidInput.of("after", "cursor", "is not a place in this list") from error
    return tuple(values)


def read_moment(text: str) -> datetime:
    """A moment of a cursor, with its time zone. Raises errors.InvalidInput."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput.of("after", "cursor", "is not a place in this list") from error


def make_cursor(*values: str | int | float) -> str:
    """The opaque form of the last row's sort values."""
    raw = json.dumps(list(values), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def page_of(rows: Sequence[T], *, limit: int, last: Any, endpoint: str = "") -> Page[T]:
    """A page from one row more than `limit`; `last(row)` gives the cursor's values, a tuple.

    `endpoint`: whose list it is, where it is shown as the answer to a form.
    """
    here = {**(request.view_args or {}), **request.args.to_dict()}
    here.pop("after", None)
    endpoint = endpoint or request.endpoint or ""
    first = url_for(endpoint, **here) if request.args.get("after") else ""
    if len(rows) <= limit:
        return Page(rows=rows, first_url=first)
    shown = rows[:limit]
    following = url_for(endpoint, **here, after=make_cursor(*last(shown[-1])))
    return Page(rows=shown, next_url=following, first_url=first)
