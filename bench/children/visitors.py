"""Many visitors at a web server on this machine, each with one connection that stays open."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from typing import Any, cast

from bench.contest import Trial, percentile

TIMEOUT = 60.0
WARM_UP = 10  # one request of so many
MOST_WRONG = 10  # more than one wrong answer in so many is no result


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
    asyncio.run(_visit(arguments, warm))
    began = time.perf_counter()
    seen = asyncio.run(_visit(arguments, numbers))
    seconds = time.perf_counter() - began
    took, wrong = seen.took, seen.wrong
    if len(wrong) * MOST_WRONG > len(took):
        raise AssertionError(f"{len(wrong)} answers were not {arguments['status']}: {wrong[0]!r}")
    extra = {"p50_ms": percentile(took, 50) * 1e3, "p99_ms": percentile(took, 99) * 1e3}
    if wrong:
        extra["refused_answers"] = len(wrong)
    return Trial(units=len(took) - len(wrong), seconds=seconds, extra=extra)


class _Seen:
    """What all visitors saw, and who has not left yet."""

    def __init__(self, arguments: dict[str, Any], numbers: Iterator[int]) -> None:
        self.numbers = numbers
        self.took: list[float] = []
        self.wrong: list[bytes] = []
        self.over = asyncio.get_running_loop().create_future()
        self.status = int(arguments["status"])
        self._here = int(arguments["clients"])
        self._head, self._body = str(arguments["head"]), str(arguments.get("body", ""))

    def request(self, number: int) -> bytes:
        network = f"10.{number >> 8 & 255}.{number & 255}.7"
        head, body = self._head.replace("{net}", network), self._body
        if body:
            body = body.replace("{n}", str(number))
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{head}\r\n{body}".encode("ascii")

    def leave(self, error: Exception | None = None) -> None:
        self._here -= 1
        if self.over.done():
            return
        if error is not None:
            self.over.set_exception(error)
        elif not self._here:
            self.over.set_result(None)


async def _visit(arguments: dict[str, Any], numbers: Iterator[int]) -> _Seen:
    seen = _Seen(arguments, numbers)
    for _ in range(int(arguments["clients"])):
        await asyncio.get_running_loop().create_connection(
            lambda: _Visitor(seen), "127.0.0.1", int(arguments["port"])
        )
    await asyncio.wait_for(seen.over, TIMEOUT)
    return seen


class _Visitor(asyncio.Protocol):
    """One connection. A protocol and no streams: it must cost less than what is measured."""

    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._got = b""
        self._began = 0.0
        self._left = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        number = next(self._seen.numbers, None)
        if number is None:
            self._leave()
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(self._seen.request(number))

    def data_received(self, data: bytes) -> None:
        got = self._got = self._got + data
        head = got.find(b"\r\n\r\n") + 4
        if head < 4:
            return
        end = head + _length(got[:head])
        if len(got) < end:
            return
        self._seen.took.append(time.perf_counter() - self._began)
        if int(got[9:12]) != self._seen.status:
            self._seen.wrong.append(got[:end])
        self._got = got[end:]
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave(exc or ConnectionError("The server closed a connection."))

    def _leave(self, error: Exception | None = None) -> None:
        if not self._left:
            self._left = True
            self._seen.leave(error)


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        raise AssertionError(f"an answer without a length: {head!r}")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0])
