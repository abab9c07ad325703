"""How does a page reach a person: frame, words, headers, and what it says when something fails?

Pages carry no script. Everything on them works with the keyboard and without JavaScript, so the
policy allows none (trust WS-4, WS-17).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, request
from jinja2 import Environment
from markupsafe import Markup, escape
from werkzeug.urls import iri_to_uri

from notifier.domain.message_context import DEFAULT_ACCENT
from notifier.errors import NotFound
from notifier.i18n import (
    accepted_locales,
    available_locales,
    choose_locale,
    direction,
    section,
)
from notifier.services.env import ShopRef
from notifier.web.here import env
from notifier.web.page_environment import page_environment
from notifier.web.page_styles import accent_url, style_url

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
# each has its words; others say it roughly
_SAID = (400, 404, 405, 409, 413, 415, 422, 429, 500, 503)
_RETRY_AFTER = {429: "60", 503: "5"}
_PASSES = (429, 500, 503)  # what may work a moment later


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The shop as a page shows it. Empty texts where no shop is known."""

    name: str = ""
    url: str = ""
    logo_url: str = ""
    accent: str = DEFAULT_ACCENT
    support_email: str = ""
    postal_address: str = ""
    privacy_url: str = ""


def look_of(shop: ShopRef | None) -> Look:
    """The look of a shop; with no shop given, that of the only one there is, else a neutral one."""
    if shop is None:
        every = list(env().shops.values())
        if len(every) != 1:
            return Look()
        shop = every[0]
    own = shop.config
    return Look(
        name=own.name,
        url=web_url(own.url),
        logo_url=picture_url(own.logo_url),
        accent=own.accent.lower() if _COLOUR.fullmatch(own.accent) else DEFAULT_ACCENT,
        support_email=own.support_email,
        postal_address=own.postal_address,
        privacy_url=web_url(own.privacy_url),
    )


def web_url(url: str) -> str:
    """The address if a browser may be sent there, else nothing: no javascript:, no data:."""
    return url if url.startswith(("https://", "http://")) else ""


def picture_url(url: str) -> str:
    """The address if the page's policy lets a picture be loaded from there, else nothing."""
    allowed = ("https://", "http://") if env().config.service.allow_http else ("https://",)
    return url if url.startswith(allowed) else ""


def visitor_locale() -> str:
    """The language the browser asks for, among those we have."""
    wanted = accepted_locales(request.headers.get("Accept-Language", ""))
    return choose_locale(wanted, available_locales())


def speak(locale: str) -> None:
    """Whose page this is reads this language: so does who meets an error on it."""
    g.spoken = locale


def _spoken() -> str:
    """The language of this request's page: its reader's where we know it, else what the address
    or the browser asks for."""
    asked = (str(g.get("spoken", "")), request.args.get("lang", ""))
    return choose_locale([one for one in (*asked, visitor_locale()) if one], available_locales())


def own_path(path: str) -> str:
    """A path of ours as a browser sees it, behind whatever prefix the public address has."""
    return urlsplit(env().config.service.public_url).path + path


def page(
    name: str, *, locale: str, shop: ShopRef | None = None, status: int = 200, **values: Any
) -> Response:
    """The page templates/pages/<name>.html in the nearest language there is."""
    spoken = choose_locale(locale, available_locales())
    look = look_of(shop)
    html = (
        _environment()
        .get_template(f"{name}.html")
        .render(
            words=section(spoken, "page"),
            lang=spoken,
            dir=direction(spoken),
            shop=look,
            style=own_path(style_url()),
            accent=own_path(accent_url(look.accent)),
            here=own_path(request.path),
            new_link=own_path("/f/link"),
            **values,
        )
    )
    answer = Response(html, status=status, mimetype="text/html")
    for header, value in _headers().items():
        answer.headers[header] = value
    return answer


def page_for_error(status: int) -> Response:
    """The page for an error, in the visitor's language. What may work a moment later has a button
    for it, which sends again what was typed."""
    known = status if status in _SAID else 500 if status >= 500 else 400
    words = section(_spoken(), "page")
    answer = page(
        "error",
        locale=_spoken(),
        shop=_shop_asked(),
        status=status,
        title=words[f"error_{known}_title"],
        text=words[f"error_{known}_text"],
        offers_link=known == 404,
        again=_asked_again() if known in _PASSES else "",
        typed=_typed() if known in _PASSES else (),
    )
    if known in _RETRY_AFTER:
        answer.headers["Retry-After"] = _RETRY_AFTER[known]
    return answer


def _shop_asked() -> ShopRef | None:
    """The shop whose public key the address names."""
    try:
        return env().shop_by_key(str((request.view_args or {}).get("public_key", "")))
    except NotFound:
        return None


def _asked_again() -> str:
    """The address of this page with what it was asked for."""
    return own_path(request.full_path.rstrip("?"))


def _typed() -> tuple[tuple[str, str], ...]:
    """What a form of a page of ours has sent; empty where no browser says that it was one."""
    if request.method != "POST" or request.headers.get("Sec-Fetch-Site") != "same-origin":
        return ()
    return tuple(request.form.items(multi=True))


def redirect_to(url: str, *, status: int) -> Response:
    """On to `url`, which must come from us or our catalogue, never from a request."""
    answer = Response(status=status, mimetype="text/plain")
    answer.headers["Location"] = iri_to_uri(url)
    answer.headers.update(link_headers())
    return answer


def link_headers() -> dict[str, str]:
    """What every answer to a signed link carries, page or not (trust WS-4)."""
    return {
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
    }


def _headers() -> dict[str, str]:
    plain = " http:" if env().config.service.allow_http else ""
    policy = (
        "default-src 'none'; style-src 'self'; "
        f"img-src 'self' https: data:{plain}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        **link_headers(),
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
    }


def fill(text: str, **values: object) -> str:
    """Put values into the {braces} of a phrase. The result is escaped like any other text; what is
    HTML among the values stays so. Letters from right to left keep to themselves (UAX 9)."""
    if any(isinstance(value, Markup) for value in values.values()):
        text = escape(text)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value if isinstance(value, Markup) else _apart(value))
    return text


def _apart(value: object) -> str:
    said = str(value)
    return f"\u2068{said}\u2069" if _TO_LEFT.search(said) else said


def phrase_for(words: Mapping[str, str], name: str, count: int) -> str:
    """The phrase `name`; of one thing `<name>_one`, where there is such a phrase."""
    return (words.get(f"{name}_one") if count == 1 else None) or words[name]


def counted(words: Mapping[str, str], name: str, count: int, **values: object) -> str:
    """What phrase_for() finds, with its {count} and `values`."""
    return fill(phrase_for(words, name, count), count=count, **values)


@cache
def _environment() -> Environment:
    return page_environment("pages", fill=fill, counted=counted)
