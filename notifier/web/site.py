"""What does one port serve: the public pages, and under /admin those for who works there?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from notifier.rendering import Renderer
from notifier.services.env import Env
from notifier.web.admin.app import PREFIX, create_admin
from notifier.web.public import create_public

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_site(env: Env, renderer: Renderer) -> Application:
    """Both apps. Where the admin has an address of its own, the public port does not know it."""
    public = create_public(env, renderer)
    if env.config.service.admin_listen:
        return public
    return DispatcherMiddleware(public, {PREFIX: create_admin(env, renderer)})


def create_admin_site(env: Env, renderer: Renderer) -> Application:
    """The admin alone, under the same path as beside the public pages."""
    return DispatcherMiddleware(_nothing_else, {PREFIX: create_admin(env, renderer)})


def _nothing_else(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ.get("PATH_INFO", "/") == "/":
        start_response("303 See Other", [("Location", f"{PREFIX}/"), ("Content-Length", "0")])
        return [b""]
    start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"Not found"]
