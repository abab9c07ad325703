"""Many visitors at a web server on this machine, each with one connection that stays open."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterator
from typing import Any

from bench.contest import Trial, percentile

TIMEOUT = 60.0
WARM_UP = 10  # one request of so many
MOST_WRONG = 10  # more than one wrong answer in so many is no result
_CHUNK = 65_536


def work(arguments: dict[str, Any]) -> Trial:
    """Send `count` requests to `port` over `clients` connections.

    `head`: the request line and its headers; `body`: its JSON, where `{n}` and `{net}` stand for
    the number of the request, from `first` on, and a network of its own. Only answers that have
    `status` count.
    """
    first = int(arguments["first"])
    numbers = iter(range(first, first + int(arguments["count"])))
    # What a server does once, at its first requests, is not what is measured.
    warm = itertools.islice(numbers, max(1, int(arguments["count"]) // WARM_UP))
    _Visits(arguments, warm).run()
    visits = _Visits(arguments, numbers)
    began = time.perf_counter()
    visits.run()
    seconds = time.perf_counter() - began
    took, wrong = visits.took, visits.wrong
    if len(wrong) * MOST_WRONG > len(took):
        raise AssertionError(f"{len(wrong)} answers were not {arguments['status']}: {wrong[0]!r}")
    extra = {"p50_ms": percentile(took, 50) * 1e3, "p99_ms": percentile(took, 99) * 1e3}
    if wrong:
        extra["refused_answers"] = len(wrong)
    return Trial(units=len(took) - len(wrong), seconds=seconds, extra=extra)


class _Visitor:
    """One connection."""

    __slots__ = ("began", "connection", "got")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.began = 0.0
        self.got = b""


class _Visits:
    """All connections, in one plain loop: it must cost less than what is measured."""

    def __init__(self, arguments: dict[str, Any], numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self.took: list[float] = []
        self.wrong: list[bytes] = []
        self._status = str(arguments["status"]).encode("ascii")
        self._head, self._body = str(arguments["head"]), str(arguments.get("body", ""))
        self._address = ("127.0.0.1", int(arguments["port"]))
        self._clients = int(arguments["clients"])

    def run(self) -> None:
        """Until all numbers are asked for and answered."""
        until = time.monotonic() + TIMEOUT
        with selectors.DefaultSelector() as selector:
            for _ in range(self._clients):
                visitor = _Visitor(socket.create_connection(self._address, TIMEOUT))
                selector.register(visitor.connection, selectors.EVENT_READ, visitor)
                if not self._ask(visitor):
                    self._leave(visitor, selector)
            while selector.get_map():
                if time.monotonic() > until:
                    raise TimeoutError(f"not all were answered within {TIMEOUT:g} s")
                for key, _ in selector.select(1.0):
                    if not self._listen(key.data):
                        self._leave(key.data, selector)

    def _ask(self, visitor: _Visitor) -> bool:
        """Whether there was something left to ask."""
        number = next(self._numbers, None)
        if number is None:
            return False
        visitor.began = time.perf_counter()
        visitor.connection.sendall(self._request(number))
        return True

    def _listen(self, visitor: _Visitor) -> bool:
        """Read what has come; ask anew after a whole answer. Whether the visitor stays."""
        octets = visitor.connection.recv(_CHUNK)
        if not octets:
            raise ConnectionError("The server closed a connection.")
        got = visitor.got = visitor.got + octets if visitor.got else octets
        head = got.find(b"\r\n\r\n") + 4
        if head < 4:
            return True
        end = head + _length(got[:head])
        if len(got) < end:
            return True
        self.took.append(time.perf_counter() - visitor.began)
        if got[9:12] != self._status:
            self.wrong.append(got[:end])
        visitor.got = got[end:]
        return self._ask(visitor)

    @staticmethod
    def _leave(visitor: _Visitor, selector: selectors.BaseSelector) -> None:
        selector.unregister(visitor.connection)
        visitor.connection.close()

    def _request(self, number: int) -> bytes:
        network = f"10.{number >> 8 & 255}.{number & 255}.7"
        head, body = self._head.replace("{net}", network), self._body
        if body:
            body = body.replace("{n}", str(number))
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{head}\r\n{body}".encode("ascii")


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        raise AssertionError(f"an answer without a length: {head!r}")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0])
