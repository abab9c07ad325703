"""Takes mail as fast as Python can, keeps none, and notes when what is asked about was whole."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_GREETING = b"220 sink.example ESMTP\r\n"
_EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n"
_OK = b"250 2.0.0 Ok\r\n"
_GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"
_END = b"\r\n.\r\n"
_ADDRESS = re.compile(rb".*<(.*)>.*", re.DOTALL)
AWAITED = "@awaited.example"  # addresses in this domain are told apart
_COMMAND = re.compile(rb"[A-Za-z]{4}")


class _Dialogue(asyncio.Protocol):
    def __init__(self, clock: list[float], came: dict[str, float] | None = None) -> None:
        self._clock = clock
        self._came = {} if came is None else came
        self._to = ""
        self._octets = bytearray()
        self._in_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._octets += data
        replies: list[bytes] = []
        while (reply := self._take()) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))

    def _take(self) -> bytes | None:
        """The reply to the next whole command or text."""
        ending = _END if self._in_text else b"\r\n"
        at = self._octets.find(ending)
        if at < 0:
            return None
        line = bytes(self._octets[:at]) if not self._in_text else b""
        del self._octets[: at + len(ending)]
        if self._in_text:
            self._in_text = False
            self._note()
            return _OK
        return self._answer(line)

    def _answer(self, line: bytes) -> bytes:
        found = _COMMAND.match(line)
        word = found[0].upper() if found else b""
        if word in (b"EHLO", b"HELO"):
            return _EHLO
        if word == b"RCPT":
            self._to = _ADDRESS.sub(rb"\1", line).decode("ascii", "replace")
        if word == b"DATA":
            self._in_text = True
            return _GO_ON
        if word == b"QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
        return _OK if word in (b"MAIL", b"RCPT", b"RSET", b"NOOP") else b"221 2.0.0 Bye\r\n"

    def _note(self) -> None:
        if not self._clock:
            self._clock.append(time.monotonic())
        if self._to.endswith(AWAITED):
            self._came[self._to] = time.monotonic()


@contextmanager
def serving(_arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The port it listens on. Where this runs in the process that asks, `first` gets the instant
    of the first message since it was emptied, and `came` the last of each address of AWAITED."""
    clock: list[float] = []
    came: dict[str, float] = {}
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: _Dialogue(clock, came), "127.0.0.1", 0, backlog=256)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield {"port": server.sockets[0].getsockname()[1], "first": clock, "came": came}
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()
