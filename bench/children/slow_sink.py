"""A mail server that takes everything and keeps none, and takes its time over each answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.children.sink import _Dialogue


class _Slow(_Dialogue):
    """What came in one piece is answered in one piece, `delay` seconds later."""

    def __init__(self, delay: float) -> None:
        super().__init__([0.0])
        self._delay = delay

    def data_received(self, data: bytes) -> None:
        self._octets += data
        replies: list[bytes] = []
        while (reply := self._take()) is not None:
            replies.append(reply)
        if replies:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay, self._transport.write, b"".join(replies))


@contextmanager
def serving(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The port it listens on. `delay_ms`: how long each answer takes."""
    loop = asyncio.new_event_loop()
    delay = float(arguments["delay_ms"]) / 1000
    server = loop.run_until_complete(
        loop.create_server(lambda: _Slow(delay), "127.0.0.1", 0, backlog=256)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield {"port": server.sockets[0].getsockname()[1]}
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
