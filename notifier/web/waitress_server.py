"""How does waitress serve the public app without a thread for each visitor?

Waitress reads every request in one loop and gives it to a thread, and that handing over costs more
than most answers. Here the loop asks the app first (web/at_once.py): what is in memory is sent at
once, and who signs up stands in a line of those that are stored together. All else goes to a
thread, as ever, so a database that is slow keeps nobody from the widget's file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import build_http_date

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.web.at_once import PATHS, REFUSED, SLOT, Ready, Slot

LARGEST = 64  # who is answered together at most
GATHER = 0.25  # parts of the time that a group took, for which the next is gathered
LONGEST_GATHER = 0.025  # seconds
PATIENCE = 5.0  # seconds in line until somebody is told to come again
CONNECTIONS = 1_000  # open at the same time; waitress's own 100 are soon taken by idle browsers


def make_server(app: Any, *, host: str, port: int, threads: int, **options: Any) -> Any:
    """A server that listens; `run` serves. `options` are those of waitress. Raises OSError."""
    # It would tell of each request that waits for a thread, which is no trouble.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    doors: dict[int, Any] = {}
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(threads)
    server = create_server(
        app,
        map=doors,
        _dispatcher=dispatcher,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,  # select() knows no more than 1,024
        **options,
    )
    for door in doors.values():  # one for each address that the host's name has
        if isinstance(door, BaseWSGIServer):
            door.channel_class = _Channel
            door.pull_trigger = partial(dispatcher.wake, door)
    return server


class _Task(WSGITask):  # type: ignore[misc]
    """One request in a thread, or one that is answered already."""

    wrote_header: bool
    ready: Ready | None = None
    refused: Exception | None = None

    def execute(self) -> None:
        if self.ready is None:
            super().execute()
            return
        self.complete = True
        self.status = self.ready.status
        self.response_headers.extend(self.ready.headers)
        self.content_length = len(self.ready.body)
        if self.version == "1.1" and "CONNECTION" not in self.request.headers and self.has_body:
            head = _head_of(self.ready) + _date(int(self.start_time))
            self.wrote_header = True
            self.channel.write_soon(head + self.ready.body)
        else:
            self.write(self.ready.body)

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        if self.refused is not None:
            environ[REFUSED] = self.refused
        return environ

    def write(self, data: bytes) -> None:
        """A short answer goes out in one piece with its headers."""
        is_whole = self.has_body and self.content_length == len(data)
        if self.wrote_header or not self.complete or not is_whole:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written += len(data)
        self.channel.write_soon(head + data)


def _head_of(ready: Ready) -> bytes:
    """Status and headers for the wire but the date, as waitress writes them."""
    known = ready.cache.get("head")
    if known is None:
        named = [("-".join(map(str.capitalize, k.split("-"))), v) for k, v in ready.headers]
        if not any(name == "Content-Length" for name, _ in named):
            named.append(("Content-Length", str(len(ready.body))))
        lines = [f"{name}: {text}" for name, text in sorted(named, key=itemgetter(0))]
        known = "\r\n".join([f"HTTP/1.1 {ready.status}", *lines]).encode("latin-1")
        ready.cache["head"] = known
    return bytes(known)


@lru_cache(1)
def _date(second: int) -> bytes:
    return f"\r\nDate: {build_http_date(second)}\r\n\r\n".encode("ascii")


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. `is_fresh`: a request has been read and nobody has looked at it."""

    is_fresh = False
    ready: Ready | None = None
    refused: Exception | None = None

    def handle_read(self) -> None:
        self.server.task_dispatcher.loop = threading.get_ident()
        super().handle_read()
        self._look()

    def answer(self, ready: Ready) -> None:
        """In the loop, to who stood in line."""
        self.ready = ready
        self.service()
        self._look()

    def _look(self) -> None:
        """Again after an answer, where the next request came with the one before."""
        while self.is_fresh:
            self.is_fresh = False
            self.server.task_dispatcher.look_at(self)

    def task_class(self, channel: HTTPChannel, request: HTTPRequestParser) -> _Task:
        """For the request that is served next."""
        task = _Task(channel, request)
        task.ready, self.ready = self.ready, None
        task.refused, self.refused = self.refused, None
        return task


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Who answers a request: the loop itself, a lane, or a thread."""

    loop = 0  # the thread that reads all requests

    def __init__(self) -> None:
        super().__init__()
        self._lane = _Lane(give_to_thread=super().add_task)

    def add_task(self, channel: _Channel) -> None:
        """Called by the loop when it has read a request, under a lock that answering needs, and by
        whoever has answered one when the next is there already."""
        request = channel.requests[0]
        if request.error is None and request.path in PATHS and threading.get_ident() == self.loop:
            channel.is_fresh = True
        else:
            super().add_task(channel)

    def look_at(self, channel: _Channel) -> None:
        """In the loop: answer, put in line, or give to a thread. Waits for nothing."""
        slot = Slot()
        request = channel.requests[0]
        environ = WSGITask(channel, request).get_environment()
        environ[SLOT] = slot
        try:
            channel.server.application(environ, _ignore)
        except Exception:  # noqa: BLE001  the thread that asks once more tells it
            log.exception("not answered at once", path=request.path)
            slot = Slot()
        if slot.ready is not None:
            channel.ready = slot.ready
            channel.service()
        elif slot.do_all is not None:
            self._lane.put(channel, slot)
        else:
            request.get_body_stream().seek(0)
            super().add_task(channel)

    def wake(self, door: BaseWSGIServer) -> None:
        """Let the loop look at its connections anew; when it is the loop that says so, it will."""
        if threading.get_ident() != self.loop:
            door.trigger.pull_trigger()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        began = time.monotonic()
        self._lane.end(patience=timeout)
        left = max(0.0, timeout - (time.monotonic() - began))
        return bool(super().shutdown(cancel_pending, left))


def _ignore(*_: object) -> None:
    """start_response where the answer is in the slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _InLine:
    channel: _Channel
    slot: Slot
    since: float


class _Lane:
    """A thread that has all who came meanwhile stored together, one group after another.

    The loop tells them, all of a group at once: to wake it for each would cost more than to answer.
    """

    def __init__(self, *, give_to_thread: Callable[[_Channel], None]) -> None:
        self._give_to_thread = give_to_thread
        self._line: deque[_InLine] = deque()
        self._changed = threading.Condition()
        self._is_over = False
        self._not_before = 0.0  # the next group
        self._trigger: Any = None  # what wakes the loop
        self._thread = threading.Thread(target=self._serve, name="lane", daemon=True)
        self._thread.start()

    def put(self, channel: _Channel, slot: Slot) -> None:
        with self._changed:
            self._line.append(_InLine(channel=channel, slot=slot, since=time.monotonic()))
            if len(self._line) in (1, LARGEST):  # what the lane waits for
                self._changed.notify()

    def end(self, *, patience: float) -> None:
        """Take nobody more; who is in line is answered."""
        until = time.monotonic() + patience
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(patience)
        if self._trigger is not None:
            told = threading.Event()
            self._trigger.pull_trigger(told.set)
            told.wait(max(0.0, until - time.monotonic()))

    def _serve(self) -> None:
        while group := self._next():
            began = time.monotonic()
            outcomes = _outcomes(group)
            ended = time.monotonic()
            self._not_before = ended + min((ended - began) * GATHER, LONGEST_GATHER)
            self._trigger = group[0].channel.server.trigger
            self._trigger.pull_trigger(partial(self._tell, group, outcomes))

    def _next(self) -> list[_InLine]:
        """Nobody when it is over.

        A group costs nearly as much for two as for sixty. Begun at once, the next would be of the
        few who came first, and all others would wait for two groups.
        """
        with self._changed:
            while not self._line and not self._is_over:
                self._changed.wait()
            while len(self._line) < LARGEST and not self._is_over:
                if (left := self._not_before - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            group: list[_InLine] = []
            while self._line and len(group) < LARGEST:
                if group and self._line[0].slot.do_all != group[0].slot.do_all:
                    break
                group.append(self._line.popleft())
            return group

    def _tell(self, group: Sequence[_InLine], outcomes: Sequence[Ready | Exception]) -> None:
        """In the loop."""
        for one, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Ready):
                one.channel.answer(outcome)
            else:
                one.channel.refused = outcome
                self._give_to_thread(one.channel)


def _outcomes(group: Sequence[_InLine]) -> Sequence[Ready | Exception]:
    """Of those who have waited too long already, that it is busy: the next would wait as long."""
    now = time.monotonic()
    outcomes: list[Ready | Exception] = [StoreBusy("Too many wait for the database.")] * len(group)
    places = [n for n, one in enumerate(group) if now - one.since < PATIENCE]
    do_all = group[0].slot.do_all
    if do_all is None or not places:
        return outcomes
    try:
        done = do_all([group[n].slot.given for n in places])
    except Exception as error:  # noqa: BLE001  each is told, and it is logged there
        done = [error] * len(places)
    for n, outcome in zip(places, done, strict=True):
        outcomes[n] = outcome
    return outcomes
