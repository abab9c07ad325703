"""Who may call a route? Every route says it; a test finds those that do not."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Guard(StrEnum):
    ANYBODY = "anybody"  # harmless to all: health, static files
    PUBLIC_KEY = "public_key"  # a shop's public key, and a registered origin if a browser asks
    LINK = "link"  # a signed link
    API_KEY = "api_key"  # a bearer key with a scope
    SIGNATURE = "signature"  # a provider's signature over the raw body
    OPERATOR = "operator"  # the metrics token


def guarded(guard: Guard) -> Callable[[F], F]:
    """Note the guard on the view; the view itself enforces it."""

    def mark(view: F) -> F:
        view.guard = guard  # type: ignore[attr-defined]
        return view

    return mark
