"""Many visitors at a web server on this machine, each with one connection that stays open."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from typing import Any

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
    took: list[float] = []
    first = int(arguments["first"])
    numbers = iter(range(first, first + int(arguments["count"])))
    # What a server does once, at its first requests, is not what is measured.
    warm = itertools.islice(numbers, max(1, int(arguments["count"]) // WARM_UP))
    asyncio.run(_visit(arguments, warm, []))
    began = time.perf_counter()
    wrong = asyncio.run(_visit(arguments, numbers, took))
    seconds = time.perf_counter() - began
    if len(wrong) * MOST_WRONG > len(took):
        raise AssertionError(f"{len(wrong)} answers were not {arguments['status']}: {wrong[0]!r}")
    extra = {"p50_ms": percentile(took, 50) * 1e3, "p99_ms": percentile(took, 99) * 1e3}
    if wrong:
        extra["refused_answers"] = len(wrong)
    return Trial(units=len(took) - len(wrong), seconds=seconds, extra=extra)


async def _visit(
    arguments: dict[str, Any], numbers: Iterator[int], took: list[float]
) -> list[bytes]:
    """The answers that had another status."""
    found = await asyncio.gather(
        *(_one_client(arguments, numbers, took) for _ in range(int(arguments["clients"])))
    )
    return [answer for part in found for answer in part]


async def _one_client(
    arguments: dict[str, Any], numbers: Iterator[int], took: list[float]
) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", arguments["port"])
    wrong: list[bytes] = []
    for number in numbers:
        began = time.perf_counter()
        writer.write(_request(arguments, number))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        body = await reader.readexactly(_length(head))
        took.append(time.perf_counter() - began)
        if int(head[9:12]) != arguments["status"]:
            wrong.append(head + body)
    writer.close()
    return wrong


def _request(arguments: dict[str, Any], number: int) -> bytes:
    network = f"10.{number >> 8 & 255}.{number & 255}.7"
    head = arguments["head"].replace("{net}", network)
    body = arguments.get("body", "").replace("{n}", str(number))
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode("ascii")


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise AssertionError(f"an answer without a length: {head!r}")
