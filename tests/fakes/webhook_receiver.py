"""A shop's own server for tests: it takes events, checks their signature, and answers as told.

with WebhookReceiver() as shop:
    shop.url, shop.secret
    shop.answer_with(503, {"Retry-After": "7"})      # the next one; then 204 again
    shop.answer_with(200, delay=5)                   # too late
    shop.answer_with(0)                              # hangs up without an answer
    [event] = shop.events                            # headers and body, in order
"""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = ["Event", "WebhookReceiver"]


@dataclass(frozen=True, kw_only=True)
class Event:
    path: str
    headers: dict[str, str]
    body: bytes


class WebhookReceiver:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._answers: list[tuple[int, dict[str, str], float]] = []
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def answer_with(
        self, status: int, headers: dict[str, str] | None = None, *, delay: float = 0
    ) -> None:
        self._answers.append((status, headers or {}, delay))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.events.append(Event(path=request.path, headers=headers, body=body))
        status, extra, delay = self._answers.pop(0) if self._answers else (204, {}, 0.0)
        if delay:
            self._over.wait(delay)
        if not status:
            return
        request.send_response(status)
        for name, value in extra.items():
            request.send_header(name, value)
        request.end_headers()
        if status not in (204, 304):
            request.wfile.write(b"so it is")
