"""How does a stand-in serve JSON over real HTTP, and cut a connection when it is told to?"""

from __future__ import annotations

import base64
import binascii
import json
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from notifier.demo.twilio_wire import Answer, Asked

__all__ = ["JsonServer"]

MAX_BODY = 1024 * 1024


class JsonServer:
    """Gives every request to `respond` and sends back what it says. One thread a connection."""

    def __init__(self, respond: Callable[[Asked], Answer], *, host: str, port: int) -> None:
        class Handler(_Handler):
            pass

        Handler.respond = staticmethod(respond)
        self._server = _Server((host, port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut open connections."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(timeout=5)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for one in list(self._open):
            _cut(one)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news for a stand-in."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = 64 * 1024  # head and body in one piece
    disable_nagle_algorithm = True
    respond: Callable[[Asked], Answer]

    def do_GET(self) -> None:
        self._exchange(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._exchange(self.rfile.read(min(length, MAX_BODY)))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses do not belong into a log."""

    def _exchange(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        answer = type(self).respond(
            Asked(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                form=dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)),
                login=_login(self.headers.get("Authorization", "")),
            )
        )
        if answer.body is None:
            self.close_connection = True
            _cut(self.connection)
            return
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        content = text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _login(header: str) -> tuple[str, str]:
    kind, _, coded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(coded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _cut(connection: socket.socket) -> None:
    """Reset the connection: the other side reads an error, not a clean end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # gone already
