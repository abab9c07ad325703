"""How are several pieces of code run step by step, in an order that can be repeated?

    steps = Interleaver(db)
    results = steps.run({"ask": ask, "restock": restock}, choose=Seeded(7))

Each runs in a thread of its own, but only one at a time. It stops before every transaction, on
PostgreSQL before every statement, and wherever it calls `pause()`; there somebody chooses who goes
on. Who waits for a lock that another one holds, one of the database or one in this process, is left
waiting and another one goes on.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import event

from notifier.store.session import Database
from notifier.store.write_line import WriteLine
from tests.reliability.database_trouble import plain_postgres

LOOK = 0.02  # seconds without a step, until we look who waits for a lock
STUCK = 90.0  # on a very busy machine
LOCKED = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

# Where a thread stands that waits for another one of this process.
_IN_PROCESS = ("write_line.py", "threading.py")

Choose = Callable[[Sequence[str]], str]


class Seeded:
    """Anybody, by a number: the same number, the same order."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)
        self._stays = self._chance.choice((0.0, 0.3, 0.6, 0.9))  # how likely who runs goes on
        self._last = ""

    def __call__(self, ready: Sequence[str]) -> str:
        if self._last not in ready or self._chance.random() >= self._stays:
            self._last = self._chance.choice(list(ready))
        return self._last


class Interrupted:
    """Those `before` to their ends, `first` for some steps, those in `then`, then the rest."""

    def __init__(
        self, first: str, then: Sequence[str], *, after: int, before: Sequence[str] = ()
    ) -> None:
        self._before, self._first, self._then, self._left = before, first, then, after

    def __call__(self, ready: Sequence[str]) -> str:
        for name in self._before:
            if name in ready:
                return name
        if self._first in ready and self._left > 0:
            self._left -= 1
            return self._first
        order = (*self._then, self._first)
        return next((name for name in order if name in ready), ready[0])


@dataclass(slots=True)
class _Actor:
    name: str
    thread: threading.Thread
    state: str = "paused"  # paused | running | blocked (by a lock) | done
    result: Any = None
    is_awake: bool = True  # it has noticed that it may go on


@dataclass(slots=True)
class Run:
    """What came of one schedule: results or errors by name, and the order of steps."""

    results: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class Interleaver:
    """One at a time; use within `watching`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._actors: dict[int, _Actor] = {}
        self._changed = threading.Condition()
        self._observer: psycopg.Connection[Any] | None = None

    @contextmanager
    def watching(self) -> Iterator[Interleaver]:
        """Make the database's statements yield points."""
        event.listen(self._db.engine, "before_cursor_execute", self._before_statement)
        usual = WriteLine.acquire

        def acquire(line: WriteLine, timeout: float) -> bool:
            self.pause()  # before one stands in line to write, not while one holds up the others
            return usual(line, timeout)

        WriteLine.acquire = acquire  # type: ignore[method-assign]
        try:
            if self._db.is_sqlite:
                yield self
                return
            url = self._db.engine.url.render_as_string(hide_password=False)
            with closing(psycopg.connect(plain_postgres(url), autocommit=True)) as observer:
                self._observer = observer
                yield self
        finally:
            WriteLine.acquire = usual  # type: ignore[method-assign]
            event.remove(self._db.engine, "before_cursor_execute", self._before_statement)

    def _before_statement(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # inside a transaction of SQLite nobody else could do anything
        if not self._db.is_sqlite or statement == "BEGIN":
            self.pause()

    def pause(self) -> None:
        """A yield point. Does nothing for threads that are not ours."""
        actor = self._actors.get(threading.get_ident())
        if actor is None:
            return
        with self._changed:
            actor.state, actor.is_awake = "paused", False
            self._changed.notify_all()
            self._changed.wait_for(lambda: actor.state != "paused")
            actor.is_awake = True

    def run(self, works: Mapping[str, Callable[[], Any]], *, choose: Choose) -> Run:
        """All works to their ends. An exception is a result as well."""
        done = Run()
        actors = [self._start(name, work) for name, work in works.items()]
        while any(actor.state != "done" for actor in actors):
            ready = [actor for actor in actors if actor.state == "paused"]
            if not ready:
                self._settle(actors)  # those who run were waiting for a lock just now
                continue
            chosen = choose([actor.name for actor in ready])
            [actor] = [one for one in ready if one.name == chosen]
            done.order.append(chosen)
            self._go_on(actor)
            self._settle(actors)
        for actor in actors:
            actor.thread.join(STUCK)
            done.results[actor.name] = actor.result
        return done

    def _start(self, name: str, work: Callable[[], Any]) -> _Actor:
        def live() -> None:
            with self._changed:
                self._actors[threading.get_ident()] = actor
            self.pause()
            try:
                actor.result = work()
            except Exception as error:  # noqa: BLE001  the test looks at it
                actor.result = error
            with self._changed:
                del self._actors[threading.get_ident()]  # another thread may get this number
                actor.state = "done"
                self._changed.notify_all()

        actor = _Actor(name, threading.Thread(target=live, daemon=True), state="running")
        actor.thread.start()
        with self._changed:
            assert self._changed.wait_for(lambda: actor.state == "paused", STUCK)
        return actor

    def _go_on(self, actor: _Actor) -> None:
        with self._changed:
            actor.state = "running"
            self._changed.notify_all()

    def _settle(self, actors: Sequence[_Actor]) -> None:
        """Until each is at a yield point, at its end, or waits for a lock of another's."""
        until = time.monotonic() + STUCK
        with self._changed:
            while running := [one for one in actors if one.state in ("running", "blocked")]:
                is_new = any(one.state == "running" for one in running)
                self._changed.wait(LOOK if is_new else LOOK / 10)
                if any(one.state not in ("running", "blocked") for one in running):
                    continue
                if any(one.state == "paused" for one in actors) and self._all_wait(running):
                    for one in running:
                        one.state = "blocked"
                    return
                if time.monotonic() > until:
                    raise AssertionError(_where(running))

    def _all_wait(self, actors: Sequence[_Actor]) -> bool:
        """Whether each of these stands before a lock."""
        if not all(one.is_awake for one in actors):
            return False
        frames = sys._current_frames()
        places = [frames[one.thread.ident or 0].f_code.co_filename for one in actors]
        for_rows = sum(not place.endswith(_IN_PROCESS) for place in places)
        return not for_rows or self._waiting_for_rows() >= for_rows

    def _waiting_for_rows(self) -> int:
        if self._observer is None:
            return 0
        [(count,)] = self._observer.execute(LOCKED).fetchall()
        return int(count)


def _where(actors: Sequence[_Actor]) -> str:
    frames = sys._current_frames()
    places = {one.name: frames.get(one.thread.ident or 0) for one in actors}
    return "\n".join(
        f"{name} neither goes on nor ends:\n{''.join(traceback.format_stack(frame)[-8:])}"
        for name, frame in places.items()
    )
