"""Which answers need not be worked out anew for every visitor, and how are they given again?

The widget's file and what it asks first are the same for many visitors. The app answers once, and
its whole answer is kept for everybody who sends the same request, as far as it matters. So there is
one source of answers, and nothing here knows of shops, origins or hosts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import request

from notifier.services.env import Env, ShopRef
from notifier.web.at_once import SLOT, Headers, Ready, Start

PATHS = frozenset({"/widget.js", "/api/v1/availability"})
# All of a request that the answers above depend on.
PARTS = (
    "REQUEST_METHOD",
    "PATH_INFO",
    "QUERY_STRING",
    "SCRIPT_NAME",
    "wsgi.url_scheme",
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_AUTHORIZATION",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_IF_NONE_MATCH",
    "HTTP_X_FORWARDED_PROTO",
)
LONGEST_KEY = 2_000
MOST = 1_000
_SLOT = "notifier.may_be_kept"

Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long an answer may be given again, what in it is new each time, and how to make that.

    `until_change`: not after any commit of this process.
    """

    life: timedelta
    until_change: bool = False
    once: bytes = b""
    again: Callable[[], bytes] | None = None


def may_be_kept(keeping: Keeping) -> None:
    """Said by a view of its answer; what is refused is never kept."""
    slot = request.environ.get(_SLOT)
    if slot is not None:
        slot.append(keeping)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """`before` and `after`: around what is made anew."""

    ready: Ready
    before: bytes
    after: bytes
    again: Callable[[], bytes] | None
    made_at: datetime
    over_at: float
    life: timedelta
    changes: int | None
    env: Env
    config: object
    shops: tuple[ShopRef, ...]


class FastDoor:
    """WSGI in front of the app; also what keeps a visitor from waiting long for the database."""

    def __init__(self, app: Application, env: Callable[[], Env]) -> None:
        self._app = app
        self._env = env
        self._kept: dict[tuple[str | None, ...], _Kept] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in PATHS or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._ask(environ, start)
        key = tuple(map(environ.get, PARTS))
        kept = self._kept.get(key)
        slot = environ.get(SLOT)
        if kept is not None and self._is_fresh(kept):
            ready = _once_more(kept)
            if slot is None:
                return ready.give(start)
            slot.ready = ready
        return self._ask_and_keep(environ, start, key) if slot is None else []

    def _ask(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        with self._env().db.for_visitors():
            return self._app(environ, start)

    def _is_fresh(self, kept: _Kept) -> bool:
        env = self._env()
        age = env.now() - kept.made_at
        return (
            timedelta(0) <= age < kept.life
            and time.monotonic() < kept.over_at
            and kept.env is env
            and kept.config is env.config
            and kept.shops == tuple(env.shops.values())  # the same objects, as a rule
            and kept.changes in (None, env.db.changes)
        )

    def _ask_and_keep(
        self, environ: dict[str, Any], start: Start, key: tuple[str | None, ...]
    ) -> Iterable[bytes]:
        env = self._env()
        changes, made_at = env.db.changes, env.now()
        slot: list[Keeping] = []
        told: list[tuple[str, Headers]] = []

        def note(status: str, headers: Headers, exc_info: Any = None) -> Any:
            told.append((status, headers))
            return start(status, headers, exc_info) if exc_info else start(status, headers)

        environ[_SLOT] = slot
        answer = self._ask(environ, note)
        if not slot or len(told) != 1 or sum(len(part or "") for part in key) > LONGEST_KEY:
            return answer
        parts = list(answer)
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        keeping, (status, headers) = slot[0], told[0]
        before, once, after = body.partition(keeping.once) if keeping.once else (body, b"", b"")
        if keeping.once and body and not once:
            return [body]  # not to be found again: not kept
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = _Kept(
            ready=Ready(status=status, headers=list(headers), body=body),
            before=before,
            after=after,
            again=keeping.again if once else None,
            made_at=made_at,
            over_at=time.monotonic() + keeping.life.total_seconds(),
            life=keeping.life,
            changes=changes if keeping.until_change else None,
            env=env,
            config=env.config,
            shops=tuple(env.shops.values()),
        )
        return [body]


def _once_more(kept: _Kept) -> Ready:
    if kept.again is None:
        return kept.ready
    like, body = kept.ready, kept.before + kept.again() + kept.after
    if len(body) == len(like.body):
        return Ready(status=like.status, headers=like.headers, body=body, cache=like.cache)
    length = str(len(body))
    headers = [(name, length if name == "Content-Length" else text) for name, text in like.headers]
    return Ready(status=like.status, headers=headers, body=body)
