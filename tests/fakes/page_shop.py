"""A small web shop on a real port: pages with ETags, a robots.txt, and trouble on demand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the shop answers for one path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    with_etag: bool = False


@dataclass(slots=True, kw_only=True)
class PageShop:
    """`pages` may be changed while it runs; `visits` lists (path, headers, status) of each request
    in lower case."""

    origin: str
    pages: dict[str, Answer] = field(default_factory=dict)
    visits: list[tuple[str, dict[str, str], int]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return self.origin + path

    def paths(self) -> list[str]:
        """The paths asked for, in order, without robots.txt."""
        return [path for path, _, _ in self.visits if path != "/robots.txt"]


@contextmanager
def open_page_shop() -> Iterator[PageShop]:
    """Run a shop on 127.0.0.1 until the block ends."""
    shop = PageShop(origin="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = shop.pages.get(self.path, Answer(status=404, body=b"<h1>Not found</h1>"))
            headers = {"Content-Type": "text/html; charset=utf-8", **answer.headers}
            status, body = answer.status, answer.body
            if answer.with_etag:
                headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
                if self.headers.get("If-None-Match") == headers["ETag"]:
                    status, body = 304, b""
            asked = {name.lower(): value for name, value in self.headers.items()}
            shop.visits.append((self.path, asked, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: the tests read `visits`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
