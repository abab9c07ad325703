"""Which requests need no thread of their own, and how does the app tell that to its server?

A server of ours (web/waitress_server.py) puts a slot into such a request and asks before it gives
it to a thread. Who stands before Flask fills the slot without waiting for anything, or leaves it
empty, which means: ask again, where one may wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

SLOT = "notifier.at_once"
REFUSED = "notifier.refused"
"""What was raised for this request when it was done together with others: Flask tells it."""

PATHS = frozenset({"/widget.js", "/api/v1/availability", "/api/v1/subscriptions"})

Start = Callable[..., Any]
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A whole answer."""

    status: str
    headers: Headers
    body: bytes
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What a server makes of the headers, kept as long as they are."""

    def give(self, start: Start) -> list[bytes]:
        start(self.status, list(self.headers))
        return [self.body]


DoAll = Callable[[Sequence[Any]], Sequence[Ready | Exception]]


@dataclass(slots=True, kw_only=True)
class Slot:
    """`ready`: the answer. `do_all`: what answers this and others of its kind, each by what was
    `given` with it, and may wait for the database."""

    ready: Ready | None = None
    do_all: DoAll | None = None
    given: Any = None
