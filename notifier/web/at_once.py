"""Which requests need no thread of their own, and how does the app tell that to its server?

A server of ours (web/waitress_server.py) puts a slot into such a request and asks before it gives
it to a thread. Who stands before Flask fills the slot without waiting for anything, or leaves it
empty, which means: ask again, where one may wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


class Heard:
    """An answer of the app that is listened to on its way. `answer`: its body, as it came."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], environ: dict[str, Any], start: Start
    ) -> None:
        self._start = start
        self._told: list[tuple[str, Headers]] = []
        self.answer = app(environ, self._note)

    @property
    def status(self) -> str:
        """Empty where it was begun more than once."""
        return self._told[0][0] if len(self._told) == 1 else ""

    def whole(self) -> Ready:
        """All of it, read to its end."""
        body = b"".join(self.answer)
        close = getattr(self.answer, "close", None)
        if close is not None:
            close()
        [(status, headers)] = self._told
        return Ready(status=status, headers=headers, body=body)

    def _note(self, status: str, headers: Headers, exc_info: Any = None) -> Any:
        self._told.append((status, list(headers)))
        return self._start(status, headers, exc_info) if exc_info else self._start(status, headers)


DoAll = Callable[[Sequence[Any]], Sequence[Ready | Exception]]


@dataclass(slots=True, kw_only=True)
class Slot:
    """`ready`: the answer. `do_all`: what answers this and others of its kind, each by what was
    `given` with it, and may wait for the database."""

    ready: Ready | None = None
    do_all: DoAll | None = None
    given: Any = None
