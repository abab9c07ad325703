"""Through which gate does every outgoing connection pass?

A network back end for httpx2: it resolves the host once, checks every address it got, dials one of
those very addresses, and cuts each step to what is left of the time for the whole exchange.
Dialling what was checked closes the hole that a second, different DNS answer would open.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import httpcore2
import httpx2

from notifier.domain.outbound import ALLOWED_PORTS, why_not_dial
from notifier.errors import LookFailed

Resolve = Callable[[str, int], Sequence[str]]


class OutboundFailed(LookFailed):
    """An outgoing request brought no usable answer.

    `sent` is False when surely nothing of the request reached the other side. `status` is the
    HTTP status when there was one.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after: timedelta | None = None,
        sent: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(code, message, retry_after=retry_after)
        self.sent = sent
        self.status = status


class Gate(httpcore2.NetworkBackend):
    """The only way out: resolves, checks every address, dials a checked one, keeps the deadline."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._dialler = httpcore2.SyncBackend()
        self._local = threading.local()

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Everything this thread does inside must be over in `seconds`."""
        self._local.ends_at = time.monotonic() + seconds
        try:
            yield
        finally:
            self._local.ends_at = None

    def left(self, wanted: float | None) -> float:
        ends_at = getattr(self._local, "ends_at", None)
        remaining = float("inf") if ends_at is None else ends_at - time.monotonic()
        if remaining <= 0:
            raise httpcore2.ReadTimeout("the time for the whole exchange is over")
        return min(remaining, 60.0 if wanted is None else wanted)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._addresses(host, port, self.left(timeout))
        if not self._allow_private:
            _check_addresses(host, port, addresses)
        last: Exception = httpcore2.ConnectError("no address to connect to")
        for address in addresses:
            try:
                stream = self._dialler.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as trouble:
                last = trouble
            else:
                return _Timed(stream, self)
        raise last

    def _addresses(self, host: str, port: int, timeout: float) -> Sequence[str]:
        """Ask DNS in a thread of its own, because getaddrinfo knows no time limit."""
        answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(host, port))
            except (OSError, UnicodeError) as trouble:
                answers.put(trouble)

        threading.Thread(target=ask, daemon=True, name="resolve").start()
        try:
            answer = answers.get(timeout=timeout)
        except Empty:
            raise OutboundFailed(
                "dns", f"The host {host!r} could not be looked up in time."
            ) from None
        if isinstance(answer, Exception) or not answer:
            raise OutboundFailed("dns", f"The host {host!r} cannot be found. Check its name.")
        return answer


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step is cut to what is left until the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, gate: Gate) -> None:
        self._stream = stream
        self._gate = gate

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._gate.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._gate.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._gate.left(timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._gate)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses the operating system knows for `host`. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _check_addresses(host: str, port: int, addresses: Sequence[str]) -> None:
    """One bad address among several is enough to refuse: which one is dialled may change."""
    if port not in ALLOWED_PORTS:
        raise OutboundFailed("private_address", f"Port {port} of {host!r} is not allowed.")
    for address in addresses:
        if reason := why_not_dial(address):
            raise OutboundFailed(
                "private_address",
                f"The host {host!r} leads into a private network ({reason}); nothing was sent.",
            )


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn httpx2's exceptions into ours, with a sentence and a stable code."""
    try:
        yield
    except httpx2.ConnectTimeout as trouble:
        raise OutboundFailed("timeout", f"{url} could not be reached in time.") from trouble
    except httpx2.TimeoutException as trouble:
        raise OutboundFailed(
            "timeout", f"{url} took too long to answer; it was given up.", sent=True
        ) from trouble
    except httpx2.ConnectError as trouble:
        if _caused_by_tls(trouble):
            raise OutboundFailed(
                "tls", f"{url} shows no valid certificate ({trouble}). Renew it or pin its CA."
            ) from trouble
        raise OutboundFailed("connect", f"{url} could not be reached ({trouble}).") from trouble
    except httpx2.RemoteProtocolError as trouble:
        if "without sending complete message body" in str(trouble):
            raise OutboundFailed(
                "truncated", f"{url} broke off in the middle of its answer.", sent=True
            ) from trouble
        raise OutboundFailed(
            "protocol", f"{url} does not speak HTTP properly ({trouble}).", sent=True
        ) from trouble
    except (httpx2.TransportError, httpx2.DecodingError) as trouble:
        raise OutboundFailed(
            "truncated", f"{url} broke off its answer ({trouble}).", sent=True
        ) from trouble
    except OutboundFailed:
        raise
    except LookFailed as trouble:  # from unpacking the body
        raise OutboundFailed(trouble.code, f"{url}: {trouble}", sent=True) from trouble
    except httpx2.InvalidURL as trouble:
        raise OutboundFailed("bad_url", f"{url} is not a URL ({trouble}).") from trouble


def _caused_by_tls(trouble: BaseException) -> bool:
    cause: BaseException | None = trouble
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
