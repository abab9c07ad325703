"""What does a view need to do its work: the service's environment, and who is asking?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request

from notifier.rendering import Renderer
from notifier.services.consent import Circumstances
from notifier.services.env import Env

EXTENSION = "notifier"
RENDERER = "notifier.renderer"


def env() -> Env:
    """The environment this app was made with."""
    found: Env = current_app.extensions[EXTENSION]
    return found


def renderer() -> Renderer:
    """What writes messages, with the templates that are published."""
    found: Renderer = current_app.extensions[RENDERER]
    return found


def circumstances(*, page_url: str = "") -> Circumstances:
    """From where the present request comes."""
    return circumstances_of(request.environ, page_url=page_url)


def circumstances_of(environ: Mapping[str, Any], *, page_url: str = "") -> Circumstances:
    """From where a request comes. The IP is the socket's, or what trusted proxies say."""
    return Circumstances(
        ip=environ.get("REMOTE_ADDR") or "",
        agent=environ.get("HTTP_USER_AGENT", "")[:300],
        page_url=page_url or environ.get("HTTP_REFERER", "")[:2000],
        origin=environ.get("HTTP_ORIGIN", "")[:255],
    )


def own_origin() -> str:
    """scheme://host[:port] of our public address."""
    parts = urlsplit(env().config.service.public_url)
    return f"{parts.scheme}://{parts.netloc}"
