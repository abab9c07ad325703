"""How does a test look at a feed that it writes itself?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from notifier.connectors.base import Look
from notifier.connectors.feed import Settings, Source
from notifier.domain.observation import Observation
from tests.timing import SettableClock

ReadFeed = Callable[..., tuple[list[Observation], Look]]


def look_at(path: Path, body: bytes | str, **settings: Any) -> tuple[list[Observation], Look]:
    """Write `body` to `path`, look at it, and read the look to its end."""
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    look = Source(Settings(path=str(path), **settings), clock=SettableClock()).look({})
    return list(look.observations), look


def rss(*items: str, head: str = "") -> str:
    """A Google feed of these items."""
    joined = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0">'
        f"<channel>{head}{joined}</channel></rss>"
    )


def google(key: str, availability: str = "in_stock", more: str = "") -> str:
    return f"<g:id>{key}</g:id><g:availability>{availability}</g:availability>{more}"
