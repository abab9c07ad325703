"""A small web server that answers as a test says: well, badly, slowly or half."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived. Header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Reply:
    """What to answer. `length` overrides Content-Length (None: none at all, closes at the end);
    `drip`: pieces sent with a pause between; `etag` makes the answer conditional."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = -1
    drip: float = 0.0
    etag: str = ""


class FeedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.replies: dict[str, Reply | Callable[[Seen], Reply]] = {}
        self.seen: list[Seen] = []
        self.stopping = threading.Event()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up early are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(
            method=self.command, path=self.path, headers=headers, body=self.rfile.read(size)
        )
        self.server.seen.append(seen)
        reply = self.server.replies.get(self.path, Reply(status=404, body=b"not here"))
        if callable(reply):
            reply = reply(seen)
        if reply.etag and headers.get("if-none-match") == reply.etag:
            reply = Reply(status=304, headers={"ETag": reply.etag}, length=None)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.etag and reply.status == 200:
            self.send_header("ETag", reply.etag)
        if reply.length is None:
            self.send_header("Connection", "close")
        else:
            length = len(reply.body) if reply.length == -1 else reply.length
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if not reply.drip:
            self.wfile.write(reply.body)
        for byte in reply.body if reply.drip else b"":
            self.wfile.write(bytes([byte]))
            if self.server.stopping.wait(reply.drip):
                return
        if reply.length not in (-1, len(reply.body)):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def serving(*, tls: ssl.SSLContext | None = None) -> Iterator[FeedServer]:
    """A running server, stopped at the end."""
    server = FeedServer(tls=tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
