"""How does the notifier's public API answer the widget? A small real server that says so.

It speaks the two calls of the contract over real HTTP with real CORS, checks every proof of work
with the altcha library and takes each proof once. A test turns its dials; it never looks inside.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import altcha

from tests.e2e.widget_texts import BUTTON, CHECKED, ETA, PREORDER, TEXTS

WIDGET = Path(__file__).parents[2] / "notifier" / "web" / "static" / "widget.js"
SECRET = "a secret of the tests"
KEY = "pk_test"

Answer = tuple[int, dict[str, Any], dict[str, str]]


@dataclass
class Dials:
    """What a test may turn. `posts` are answers to give before the normal ones, in order."""

    availability: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, Any] = field(default_factory=dict)
    channels: list[str] = field(default_factory=lambda: ["email"])
    posts: list[Answer] = field(default_factory=list)
    gets: list[Answer] = field(default_factory=list)
    pow_max: int = 3000
    pow_number: int | None = None
    delay: float = 0.0
    widget_delay: float = 0.0
    hang_up: bool = False


class StubApi(ThreadingHTTPServer):
    """The server. `signups` are requests that got 202; `requests` are all POSTed bodies."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Calls)
        self.dials = Dials()
        self.allowed_origins: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.requests: list[dict[str, Any]] = []
        self.signups: list[dict[str, Any]] = []
        self.trapped: list[dict[str, Any]] = []
        self._spent: set[str] = set()
        self._going = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def pause(self, dial: str) -> None:
        """Keeps an answer back for as long as the dial says, or until it is turned down."""
        begun = time.monotonic()
        while time.monotonic() - begun < getattr(self.dials, dial) and not self._going.wait(0.01):
            pass

    def close(self) -> None:
        self._going.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in mid-answer is no news."""

    def describe(self, query: dict[str, str]) -> Answer:
        self.asked.append(query)
        if self.dials.gets:
            return self.dials.gets.pop(0)
        variant = query.get("variant", "")
        availability = self.dials.availability.get(variant, "out_of_stock")
        if variant.startswith("UNKNOWN"):
            return 404, {"error": {"code": "unknown_variant", "message": "No such variant."}}, {}
        lang = "de" if query.get("lang", "en").startswith("de") else "en"
        button = PREORDER if availability == "preorder" else BUTTON
        body = {
            "variant": variant,
            "product": query.get("product", "SHIRT"),
            "title": f"Linen shirt, {variant or 'any'}",
            "availability": availability,
            "can_subscribe": availability not in ("in_stock", "discontinued"),
            "channels": self.dials.channels,
            "button": button[lang],
            "eta": ETA[lang],
            "checked": CHECKED[lang],
            "quantity": None,
            "alternatives": [],
            "texts": TEXTS[lang],
            "consent_text_id": f"consent-{lang}-1",
            "consent_text_ids": {"email": f"consent-{lang}-1", "sms": f"consent-{lang}-2"},
            "privacy_url": "https://shop.example/privacy",
            "form_url": f"{self.origin}/f/{KEY}?variant={variant}",
            "pow": self._challenge(),
            "lang": lang,
        }
        return 200, body | self.dials.overrides, {}

    def _challenge(self) -> dict[str, Any] | None:
        if not self.dials.pow_max:
            return None
        made = altcha.create_challenge_v1(
            hmac_key=SECRET,
            max_number=self.dials.pow_max,
            number=self.dials.pow_number,
            params={"shop": KEY},
        ).to_dict()
        made["maxnumber"] = made.pop("maxNumber")
        return made

    def subscribe(self, body: dict[str, Any]) -> Answer:
        self.requests.append(body)
        if self.dials.posts:
            return self.dials.posts.pop(0)
        if self.dials.pow_max and not self._proved(body.get("pow")):
            error = {"code": "pow_required", "field": "pow", "message": "Are you a robot?"}
            return 400, {"error": error}, {}
        lang = "de" if str(body.get("locale")).startswith("de") else "en"
        (self.trapped if body.get("website") else self.signups).append(body)
        message = TEXTS[lang]["done_text"]
        return 202, {"status": "check_your_inbox", "message": message}, {}

    def _proved(self, proof: str | None) -> bool:
        if not proof:
            return False
        payload = json.loads(base64.b64decode(proof))
        good, _ = altcha.verify_solution_v1(payload, SECRET, check_expires=True)
        fresh = payload["challenge"] not in self._spent
        self._spent.add(payload["challenge"])
        return good and fresh


class _Calls(BaseHTTPRequestHandler):
    server: StubApi
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_OPTIONS(self) -> None:
        self._answer(204, b"")

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/widget.js":
            self.server.pause("widget_delay")
            return self._answer(200, WIDGET.read_bytes(), kind="text/javascript; charset=utf-8")
        if self.server.dials.hang_up:
            return self._hang_up()
        self.server.pause("delay")
        if url.path != "/api/v1/availability":
            return self._json(404, {}, {})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return self._json(*self.server.describe(query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.dials.hang_up:
            return self._hang_up()
        self.server.pause("delay")
        return self._json(*self.server.subscribe(json.loads(body)))

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        self._answer(status, json.dumps(body).encode(), kind="application/json", headers=headers)

    def _answer(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Vary", "Origin")
        if self.headers.get("Origin") in self.server.allowed_origins:
            self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.send_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
            self.send_header("Access-Control-Expose-Headers", "Retry-After")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
