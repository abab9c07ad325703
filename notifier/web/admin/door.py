"""Who may open a page of the admin, and is it really they who press its buttons?

Every view says which right it needs (a test finds those that do not). Who is not signed in is sent
to the sign-in page and back; who lacks the right is told so; a shop that somebody may not enter
looks like one that is not there (trust WS-33, WS-35, WS-36).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden

from notifier.domain.person import Person
from notifier.domain.rights import Right
from notifier.errors import NotFound
from notifier.services.env import ShopRef
from notifier.services.session_of import Signed, find_session
from notifier.web.here import env

F = TypeVar("F", bound=Callable[..., Any])

ANYBODY = "anybody"
HARMLESS = ("GET", "HEAD", "OPTIONS")
TOKEN_FIELD = "csrf_token"
TOKEN_HEADER = "X-CSRF-Token"


class Interrupted(Exception):
    """A form came that has to wait for `first`: a page of signing in, or a look at what was typed.

    `back` leads to the page it was typed on.
    """

    def __init__(self, first: str, back: str) -> None:
        super().__init__(first)
        self.first = first
        self.back = back


class FromElsewhere(Forbidden):
    """The form was not sent from a page of ours."""


class TooOld(Forbidden):
    """The form is of a page that was opened in an earlier session."""


def needs(right: Right, *, fresh: bool = False) -> Callable[[F], F]:
    """Let in who has the right; `fresh`: who also signed in within the last minutes."""

    def mark(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            if signed() is None:
                return _to("sign_in.sign_in")
            if not person().may(right):
                raise Forbidden(f"This needs the right “{right.value}”.")
            if "shop_slug" in g:
                shop()
            if fresh and not is_fresh():
                return _to("sign_in.confirm")
            return view(*args, **values)

        guarded.guard = right.value  # type: ignore[attr-defined]
        guarded.fresh = fresh  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def confirm_first() -> Any:
    """For a view of which only some buttons are dangerous: the way to the page that asks for the
    password, or None for who has shown lately that it is they."""
    return None if is_fresh() else _to("sign_in.confirm")


def open_to_all(view: F) -> F:
    """Anybody may open it: the sign-in page, a style sheet."""
    view.guard = ANYBODY  # type: ignore[attr-defined]
    return view


def signed() -> Signed | None:
    """The session of this request, if somebody has fully signed in."""
    found: Signed | None = g.get("signed")
    return found if found is not None and found.stage == "full" else None


def half_signed() -> Signed | None:
    """The session of this request, also where the second factor is still missing."""
    found: Signed | None = g.get("signed")
    return found


def person() -> Person:
    """Who is signed in. Only behind `needs`."""
    found = signed()
    if found is None:
        raise Forbidden("Nobody is signed in.")
    return found.person


def is_fresh(now: datetime | None = None) -> bool:
    """Has this person shown lately that it is they?"""
    found = signed()
    return found is not None and (now or env().now()) < found.fresh_until


def shop() -> ShopRef:
    """The shop in the address. Raises errors.NotFound also for one this person may not enter."""
    slug = str(g.get("shop_slug", ""))
    if not slug or not person().may_enter(slug):
        raise NotFound(f"There is no shop {slug!r}.")
    return env().shop(slug)


def shops() -> list[ShopRef]:
    """The shops this person may enter, in the order of the configuration."""
    return [one for slug, one in env().shops.items() if person().may_enter(slug)]


def cookie_name() -> str:
    """`__Host-` keeps other hosts from setting it; a browser takes that by https only."""
    return "__Host-notifier" if _is_secure() else "notifier_admin"


def set_cookie(answer: Response, token: str) -> None:
    """Give the browser its session; it ends with the browser or on the server."""
    answer.set_cookie(
        cookie_name(), token, path="/", secure=_is_secure(), httponly=True, samesite="Lax"
    )


def take_cookie(answer: Response) -> None:
    """Take the session from the browser."""
    answer.delete_cookie(
        cookie_name(), path="/", secure=_is_secure(), httponly=True, samesite="Lax"
    )


def watch(app: Flask) -> None:
    """Look at every request of this app before its view does."""

    @app.url_value_preprocessor
    def take_shop(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and "shop" in values:
            g.shop_slug = values.pop("shop")

    @app.url_defaults
    def give_shop(endpoint: str, values: dict[str, Any]) -> None:
        if (
            "shop" not in values
            and "shop_slug" in g
            and app.url_map.is_endpoint_expecting(endpoint, "shop")
        ):
            values["shop"] = g.shop_slug

    @app.before_request
    def look() -> None:
        if request.blueprint == "assets":  # a page that says the database is away has its styles
            return
        token = request.cookies.get(cookie_name(), "")
        renews_itself = "HX-Request" in request.headers and "part" in request.args
        g.signed = find_session(env(), token, seen=not renews_itself) if token else None
        if request.method not in HARMLESS:
            _refuse_others_forms()


def _refuse_others_forms() -> None:
    """A form must come from our own page and hold the session's token (trust WS-33)."""
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "")
    own = {request.host, urlsplit(env().config.service.public_url).netloc}
    if site not in ("", "same-origin", "none") or (origin and urlsplit(origin).netloc not in own):
        raise FromElsewhere("This form was sent from another page. Open the page and try again.")
    found = half_signed()
    if found is None:
        return
    sent = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(sent.encode(), found.csrf.encode()):
        if found.stage == "full":
            raise Interrupted("sign_in.kept", _page_of_form())
        raise TooOld("This page is too old. Load it again and repeat what you did.")


def _to(endpoint: str) -> Any:
    """To a page of signing in, and back here afterwards. Forms are not repeated by themselves."""
    by_script = "HX-Request" in request.headers
    if by_script and request.method in HARMLESS and endpoint == "sign_in.confirm":
        return Response(status=204)  # a piece that renews itself: takes nobody's page away
    here = request.script_root + request.full_path.rstrip("?")
    if by_script:  # back to the page, not to a piece of it
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = f"{page.path}?{page.query}".rstrip("?")
    elif request.method not in HARMLESS:
        raise Interrupted(endpoint, _page_of_form())
    where = url_for(endpoint, next=here)
    if by_script:
        return Response(status=204, headers={"HX-Redirect": where})
    return redirect(where, code=303)


def _page_of_form() -> str:
    """The path of the page whose form this request is."""
    return urlsplit(request.headers.get("Referer", "")).path or request.script_root + "/"


def _is_secure() -> bool:
    return env().config.service.public_url.startswith("https://")
