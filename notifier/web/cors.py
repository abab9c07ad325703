"""Which web pages may use a shop's public key? Only those on its registered origins.

CORS tells browsers; the server checks as well, since CORS alone is no authorisation
(trust WS-14, ASVS 3.5.1).
"""

from __future__ import annotations

from flask import Response, request
from werkzeug.exceptions import Forbidden

from notifier.services.env import ShopRef
from notifier.web.here import env, own_origin

MAX_AGE = 600


def check_origin(shop: ShopRef) -> str:
    """The request's Origin if it may use this shop; empty without one. Raises 403 otherwise."""
    origin = request.headers.get("Origin", "")
    if not origin or origin in (*shop.config.origins, own_origin()):
        return origin
    raise Forbidden(f"{origin[:100]!r} is not among the shop's origins. Add it to them.")


def any_shop_has(origin: str) -> bool:
    return any(origin in shop.config.origins for shop in env().shops.values())


def allow(answer: Response, origin: str) -> Response:
    """Let the page on `origin` read this answer."""
    answer.vary.add("Origin")
    if origin and origin != own_origin():
        answer.headers["Access-Control-Allow-Origin"] = origin
    return answer


def preflight() -> Response:
    """The answer to OPTIONS. It names no shop, so any registered origin is told yes."""
    answer = Response(status=204)
    answer.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not any_shop_has(origin):
        raise Forbidden("This page's address is not registered.")
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
    answer.headers["Access-Control-Max-Age"] = str(MAX_AGE)
    return answer


BROWSER_CALLS = (("GET", "/api/v1/availability"), ("POST", "/api/v1/subscriptions"))


def let_read(answer: Response) -> Response:
    """Let a registered page read refusals too: without this header a browser hides them.

    What asks for an API key is none of a page's business, whatever the answer.
    """
    origin = request.headers.get("Origin", "")
    if (request.method, request.path) not in BROWSER_CALLS or not origin:
        return answer
    if "Authorization" in request.headers:
        return answer
    answer.vary.add("Origin")
    if "Access-Control-Allow-Origin" not in answer.headers and any_shop_has(origin):
        answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return answer
