"""Takes mail faster than smtp-sink does: one loop over raw sockets that looks only for line ends.

smtp-sink reads a letter byte by byte; this one looks for the dot with the C library's search. It
can also take its time over each answer, and note whom a letter was for.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_GREETING = b"220 sink.example ESMTP\r\n"
_EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n"
_OK = b"250 2.0.0 Ok\r\n"
_GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"
_BYE = b"221 2.0.0 Bye\r\n"
_END = b"\r\n.\r\n"
_MOST = 1 << 16
_QUICK = getattr(socket, "TCP_QUICKACK", None)
_PATIENCE = 0.2  # seconds until it looks whether it is to stop


class _Dialogue:
    """What was read from one connection and not understood yet."""

    __slots__ = ("in_text", "octets", "to")

    def __init__(self) -> None:
        self.octets = b""
        self.in_text = False
        self.to = b""

    def hear(self, data: bytes, taken: Counter[bytes] | None) -> tuple[bytes, bool]:
        """The answers to all that is whole now; whether it ends."""
        octets, at, answers = self.octets + data, 0, []
        while True:
            if self.in_text:
                end = octets.find(_END, at)
                if end < 0:
                    self.octets = octets[max(at, len(octets) - len(_END) + 1) :]
                    break
                at, self.in_text = end + len(_END), False
                answers.append(_OK)
                if taken is not None:
                    taken[self.to] += 1
                continue
            end = octets.find(b"\r\n", at)
            if end < 0:
                self.octets = octets[at:]
                break
            word = octets[at : at + 4].upper()
            if word == b"DATA":
                self.in_text = True
                answers.append(_GO_ON)
                at = end  # the dot may be the first line of the text
                continue
            if word == b"RCPT" and taken is not None:
                self.to = octets[at:end].partition(b"<")[2].partition(b">")[0]
            at = end + 2
            answers.append(_EHLO if word in (b"EHLO", b"HELO") else _OK)
            if word == b"QUIT":
                return b"".join((*answers[:-1], _BYE)), True
        return b"".join(answers), False


class QuickSink:
    """One thread. `delay`: seconds that each answer takes; what came in one piece is answered in
    one piece. `taken`: letters by recipient, when they are noted."""

    def __init__(self, *, delay: float = 0.0, notes: bool = False) -> None:
        self.taken: Counter[bytes] | None = Counter() if notes else None
        self._delay = delay
        self._later: deque[tuple[float, socket.socket, bytes, bool]] = deque()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        # epoll waits whole milliseconds, which is too coarse for a short delay
        self._selector: selectors.BaseSelector = (
            selectors.SelectSelector() if delay else selectors.DefaultSelector()
        )
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = int(self._listener.getsockname()[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """It and its connections end."""
        self._stopped = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._stopped:
            for key, _ in self._selector.select(self._pause()):
                if key.data is None:
                    self._accept()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self._read(key.fileobj, key.data)
            self._answer_late()

    def _pause(self) -> float:
        if not self._later:
            return _PATIENCE
        return max(0.0, self._later[0][0] - time.monotonic())

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, _Dialogue())
        self._say(connection, _GREETING, last=False)

    def _read(self, connection: socket.socket, dialogue: _Dialogue) -> None:
        try:
            data = connection.recv(_MOST)
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        answer, last = dialogue.hear(data, self.taken)
        if answer:
            self._say(connection, answer, last=last)
        elif _QUICK is not None:
            # Who waits for this acknowledgement before the rest of a letter waits 40 ms (Nagle).
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    def _say(self, connection: socket.socket, answer: bytes, *, last: bool) -> None:
        if self._delay:
            self._later.append((time.monotonic() + self._delay, connection, answer, last))
        else:
            self._write(connection, answer, last=last)

    def _answer_late(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, connection, answer, last = self._later.popleft()
            if connection.fileno() >= 0:
                self._write(connection, answer, last=last)

    def _write(self, connection: socket.socket, answer: bytes, *, last: bool) -> None:
        try:
            connection.send(answer)  # a few bytes: they fit, or the other side is gone
        except OSError:
            last = True
        if last:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()


@contextmanager
def serving(arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The port it listens on. `delay_ms`: how long each answer takes."""
    sink = QuickSink(delay=float(arguments.get("delay_ms", 0)) / 1000)
    sink.start()
    try:
        yield {"port": sink.port}
    finally:
        sink.stop()
