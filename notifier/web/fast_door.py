"""Which answers need not be worked out anew for every visitor, and how are they given again?

The widget's file and what it asks first are the same for many visitors. The app answers once, and
its whole answer is kept for everybody who sends the same request, as far as it matters. So there is
one source of answers, and nothing here knows of shops, origins or hosts. Those who send it while
nothing is kept wait for one answer together; while what is kept may still be given, and is no
longer young, one of them has it made anew, and nobody waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import request

from notifier.services.env import Env, ShopRef
from notifier.web.at_once import SLOT, Heard, Ready, Start

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
PATIENCE = 0.5  # seconds to wait for what another asks; then each asks
_SLOT = "notifier.may_be_kept"
_NONE = timedelta(0)

Application = Callable[[dict[str, Any], Start], Iterable[bytes]]
_Key = tuple[str | None, ...]


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
    """`before` and `after`: around what is made anew. `young`: until then nobody asks again."""

    ready: Ready
    before: bytes
    after: bytes
    again: Callable[[], bytes] | None
    made_at: datetime
    over_at: float
    life: timedelta
    young: timedelta
    changes: int | None
    env: Env
    config: object
    shops: tuple[ShopRef, ...]


@dataclass(slots=True)
class _Asked:
    """A question to the app that others wait for. `kept`: its answer, if that may be kept."""

    is_over: threading.Event = field(default_factory=threading.Event)
    kept: _Kept | None = None


class FastDoor:
    """WSGI in front of the app; also what keeps a visitor from waiting long for the database."""

    def __init__(self, app: Application, env: Callable[[], Env]) -> None:
        self._app = app
        self._env = env
        self._kept: dict[_Key, _Kept] = {}
        self._asked: dict[_Key, _Asked] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in PATHS or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._ask(environ, start)
        key = tuple(map(environ.get, PARTS))
        slot = environ.get(SLOT)
        changes = self._env().db.changes
        kept = self._kept.get(key)
        if kept is not None:
            age = self._age(kept, changes)
            if age is not None and (age < kept.young or key in self._asked):
                ready = _once_more(kept)
                if slot is None:
                    return ready.give(start)
                slot.ready = ready
        return self._ask_or_wait(environ, start, key, changes) if slot is None else []

    def _ask_or_wait(
        self, environ: dict[str, Any], start: Start, key: _Key, changes: int
    ) -> Iterable[bytes]:
        """`changes`: as they were when the request came. Of all who send it at once, one asks."""
        until = time.monotonic() + PATIENCE
        while True:
            ours = _Asked()
            asked = self._asked.setdefault(key, ours)
            if asked is ours:
                try:
                    ours.kept = self._young(key, changes)  # made since we looked
                    if ours.kept is not None:
                        return _once_more(ours.kept).give(start)
                    return self._ask_and_keep(environ, start, key, ours)
                finally:
                    del self._asked[key]
                    ours.is_over.set()
            if not asked.is_over.wait(until - time.monotonic()) or asked.kept is None:
                return self._ask(environ, start)
            if self._age(asked.kept, changes) is not None:
                return _once_more(asked.kept).give(start)
            # a commit came between that question and ours

    def _ask(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        with self._env().db.for_visitors():
            return self._app(environ, start)

    def _young(self, key: _Key, changes: int) -> _Kept | None:
        """What is kept, if it need not be made anew."""
        kept = self._kept.get(key)
        age = self._age(kept, changes) if kept is not None else None
        return kept if kept is not None and age is not None and age < kept.young else None

    def _age(self, kept: _Kept, changes: int) -> timedelta | None:
        """None where it may not be given to who came after so many `changes`."""
        env = self._env()
        age = env.now() - kept.made_at
        may_be_given = (
            _NONE <= age < kept.life
            and time.monotonic() < kept.over_at
            and kept.env is env
            and kept.config is env.config
            and kept.shops == tuple(env.shops.values())  # the same objects, as a rule
            and (kept.changes is None or kept.changes >= changes)
        )
        return age if may_be_given else None

    def _ask_and_keep(
        self, environ: dict[str, Any], start: Start, key: _Key, asked: _Asked
    ) -> Iterable[bytes]:
        env = self._env()
        changes, made_at, began = env.db.changes, env.now(), time.monotonic()
        slot: list[Keeping] = []
        environ[_SLOT] = slot
        heard = Heard(self._ask, environ, start)
        if not slot or not heard.status or sum(len(part or "") for part in key) > LONGEST_KEY:
            return heard.answer
        ready, keeping = heard.whole(), slot[0]
        body = ready.body
        before, once, after = body.partition(keeping.once) if keeping.once else (body, b"", b"")
        if keeping.once and body and not once:
            return [body]  # not to be found again: not kept
        if len(self._kept) >= MOST:
            self._kept.clear()
        asked.kept = self._kept[key] = _Kept(
            ready=ready,
            before=before,
            after=after,
            again=keeping.again if once else None,
            made_at=made_at,
            over_at=began + keeping.life.total_seconds(),
            life=keeping.life,
            young=keeping.life / 2,
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
