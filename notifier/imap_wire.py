"""How long and how much does a mail server get to say? The line to it has limits.

The library (imaplib) speaks the protocol. It reads and writes by methods that may be overridden;
here each wait, line, literal and answer has an end, so that a server that is slow, broken or
hostile costs neither time nor memory.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from notifier.domain.one_line import one_line
from notifier.errors import LookFailed

__all__ = ["LARGEST", "TIMEOUT", "Wire", "words"]

LARGEST = 2_000_000  # octets of a mail; what is longer is read up to here
TIMEOUT = 20.0  # seconds for each piece of an answer
LONGEST_LINE = 1_000_000
LONGEST_ANSWER = 8_000_000  # octets that follow one command


class Wire(imaplib.IMAP4):
    """The library's client on a line that has limits.

    `at_once`: encrypted from the first octet. `deadline` (time.monotonic): the line ends then.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        context: ssl.SSLContext | None,
        at_once: bool,
        deadline: float,
    ) -> None:
        self._context = context
        self._at_once = at_once
        self._deadline = deadline
        self._ahead = bytearray()
        self._left = LONGEST_ANSWER
        super().__init__(host, port, timeout=TIMEOUT)

    def next_answer(self) -> None:
        """The limit for one answer begins anew."""
        self._left = LONGEST_ANSWER

    def encrypt(self) -> None:
        """STARTTLS (RFC 3501 6.2.1). What was sent before it, by whomever, does not count."""
        kind, answer = self.xatom("STARTTLS")
        if kind != "OK":
            raise LookFailed("no_tls", f"{self.host} does not offer STARTTLS: {words(answer)}")
        if self._ahead:
            raise LookFailed("no_tls", f"{self.host} says more than it should before STARTTLS.")
        self._wrap()
        _, answer = self.capability()
        said = (answer[-1] or b"").decode("ascii", "replace")
        self.capabilities = tuple(said.upper().split())

    def _wrap(self) -> None:
        assert self._context is not None
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    # what the library offers to be overridden

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), timeout)
        # the library writes a line in two parts, and the second would wait for an answer
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._at_once:
            self._wrap()

    def read(self, size: int) -> bytes:
        if size > LARGEST + 1:
            raise LookFailed(
                "too_big", f"{self.host} announces {size} octets, more than asked for."
            )
        while len(self._ahead) < size:
            self._receive()
        return self._take(size)

    def readline(self) -> bytes:
        looked = 0
        while (end := self._ahead.find(b"\n", looked)) < 0:
            looked = len(self._ahead)
            if looked > LONGEST_LINE:
                raise LookFailed("too_big", f"{self.host} sends a line without an end.")
            self._receive()
        return self._take(end + 1)

    def send(self, data: Any) -> None:
        self.sock.settimeout(self._patience())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _receive(self) -> None:
        self.sock.settimeout(self._patience())
        some = self.sock.recv(65_536)
        if not some:
            raise self.abort("the server hung up")
        self._left -= len(some)
        if self._left < 0:
            raise LookFailed("too_big", f"{self.host} answers with more than was asked for.")
        self._ahead += some

    def _take(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken

    def _patience(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(TIMEOUT, left)


def words(answer: Sequence[Any]) -> str:
    """What a server said, as the end of a sentence of ours."""
    parts = (one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in answer)
    said = one_line(" ".join(str(part) for part in parts if part))[:200].strip()
    return said if said.endswith((".", "!", "?")) else f"{said}."
