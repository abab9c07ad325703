"""How do bytes get to the server and replies back, each within its time?

One TCP connection, plain or in TLS. Every wait has a deadline; whatever goes wrong comes out as
NoReply with a word for it. Knows nothing of what the commands mean.
"""

from __future__ import annotations

import socket
import ssl
import time

from notifier.channels.smtp.reply import Reply, ReplyReader, Unreadable

__all__ = ["BadCertificate", "NoReply", "Wire", "connect"]

_CHUNK = 65_536


class NoReply(Exception):
    """Nothing readable came back. `label` is one stable word: timeout, dropped, garbage, dns …"""

    def __init__(self, label: str, text: str) -> None:
        super().__init__(text)
        self.label = label


class BadCertificate(Exception):
    """The server's certificate is not valid for the name we called it by."""


def connect(host: str, port: int, *, timeout: float) -> Wire:
    """Dial the server. Raises NoReply: `dns`, `refused`, `timeout` or `unreachable`."""
    try:
        return Wire(socket.create_connection((host, port), timeout))
    except (socket.gaierror, UnicodeError) as error:
        raise NoReply("dns", f"The name {host} cannot be looked up: {error}") from error
    except TimeoutError as error:
        raise NoReply("timeout", f"{host}:{port} did not answer within {timeout:g} s.") from error
    except ConnectionRefusedError as error:
        raise NoReply("refused", f"Nothing listens at {host}:{port}: {error}") from error
    except OSError as error:
        raise NoReply("unreachable", f"{host}:{port} cannot be reached: {error}") from error


class Wire:
    """A connection that writes octets and reads replies."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._replies = ReplyReader()

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    @property
    def local_address(self) -> str:
        """Our own IP address as the server's end of this connection sees it, without a NAT."""
        return str(self._sock.getsockname()[0])

    def start_tls(self, context: ssl.SSLContext, *, host: str, timeout: float) -> None:
        """Encrypt from here on; the certificate must be valid for `host`.

        Raises BadCertificate, or NoReply (`tls` for a handshake that makes no sense, `dropped`,
        `timeout`; `injected` when bytes were sent in clear after the server agreed to TLS).
        """
        if not self._replies.is_empty:
            raise NoReply("injected", "The server sent more in clear after agreeing to TLS.")
        self._sock.settimeout(timeout)
        try:
            self._sock = context.wrap_socket(self._sock, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise BadCertificate(error.verify_message or str(error)) from error
        except TimeoutError as error:
            raise NoReply("timeout", "The TLS handshake did not finish in time.") from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError) as error:
            raise NoReply("dropped", f"The server hung up in the TLS handshake: {error}") from error
        except (ssl.SSLError, ValueError) as error:
            raise NoReply("tls", f"The TLS handshake failed: {error}") from error
        except OSError as error:
            raise NoReply("dropped", f"The TLS handshake broke off: {error}") from error

    def write(self, octets: bytes, *, timeout: float) -> None:
        """Send all of it. When it raises NoReply, the last octets surely did not leave whole."""
        self._sock.settimeout(timeout)
        try:
            self._sock.sendall(octets)
        except TimeoutError as error:
            raise NoReply("timeout", f"The server took no more within {timeout:g} s.") from error
        except (OSError, ValueError) as error:
            raise NoReply("dropped", f"The connection broke while sending: {error}") from error

    def read_reply(self, *, timeout: float) -> Reply:
        """The next reply, all of it within `timeout` seconds. Raises NoReply."""
        deadline = time.monotonic() + timeout
        while True:
            reply = self._take()
            if reply is not None:
                return reply
            left = deadline - time.monotonic()
            if left <= 0:
                raise NoReply("timeout", f"No answer within {timeout:g} s.")
            self._sock.settimeout(left)
            try:
                octets = self._sock.recv(_CHUNK)
            except TimeoutError as error:
                raise NoReply("timeout", f"No answer within {timeout:g} s.") from error
            except (OSError, ValueError) as error:
                raise NoReply("dropped", f"The connection broke: {error}") from error
            if not octets:
                return self._last_reply()
            self._replies.feed(octets)

    def detach(self) -> tuple[socket.socket, ReplyReader]:
        """The socket, which waits no more from now on, and what was read from it already."""
        self._sock.settimeout(0)
        return self._sock, self._replies

    def close(self) -> None:
        self._sock.close()

    def _take(self) -> Reply | None:
        try:
            return self._replies.next_reply()
        except Unreadable as error:
            raise NoReply("garbage", str(error)) from error

    def _last_reply(self) -> Reply:
        try:
            reply = self._replies.end()
        except Unreadable as error:
            raise NoReply("garbage", str(error)) from error
        if reply is None:
            raise NoReply("dropped", "The server hung up.")
        return reply
