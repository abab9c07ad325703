"""What does a shop's page look like to the widget? Pages of another origin, with a strict CSP."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STRICT = (
    "default-src 'none'; script-src {api}; connect-src {api}; require-trusted-types-for 'script'"
)
SIZES = (
    '<label>Size <select name="id">'
    "<option>SHIRT-S<option selected>SHIRT-M<option>SHIRT-L</select></label>"
)
# The line of CSS that docs/widget.md asks for: room for the button before the script is here.
RESERVE = "notify-me:not(:defined){display:block;min-height:6.25em}"


class WidgetHost(ThreadingHTTPServer):
    """Serves one page at a time at `/`, as a shop does: see `show`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, api: str) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.api = api
        self.csp = STRICT.format(api=api)
        self.page = b""
        self.style = ""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.server_address[1]}"

    def show(
        self,
        widget: str,
        *,
        lang: str = "en",
        before: str = SIZES,
        after: str = "<p id=below>Linen, made in Portugal.</p>",
        scheme: str = "light dark",
        style: str = "",
        scripts: int = 1,
    ) -> str:
        """Puts up a product page and returns its address. `style` is a sheet of the shop's own."""
        self.csp = STRICT.format(api=self.api) + ("; style-src 'self'" if style else "")
        self.style = style
        script = f'<script src="{self.api}/widget.js" defer></script>' * scripts
        sheet = '<link rel="stylesheet" href="/shop.css">' if style else ""
        self.page = (
            f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Shirt</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<meta name="color-scheme" content="{scheme}">{sheet}{script}</head>'
            f"<body><main><h1>Linen shirt</h1>{before}{widget}{after}</main></body></html>"
        ).encode()
        return self.origin + "/"

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in mid-answer is no news."""


class _Pages(BaseHTTPRequestHandler):
    server: WidgetHost

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        kind, body = {
            "/": ("text/html; charset=utf-8", self.server.page),
            "/shop.css": ("text/css", self.server.style.encode()),
            "/favicon.ico": ("image/png", b""),
        }.get(self.path.split("?")[0], ("text/plain", b""))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.server.csp)
        self.end_headers()
        self.wfile.write(body)
