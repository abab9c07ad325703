"""How does a page of the admin look: its frame, words, dates, and what it says when it fails?"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, g, get_flashed_messages, request, url_for
from jinja2 import Environment
from markupsafe import Markup, escape

from notifier import i18n, i18n_figures
from notifier.domain.rights import Right
from notifier.i18n import accepted_locales, available_locales, choose_locale
from notifier.log import mask
from notifier.services.product_words import product_title, variant_title
from notifier.web.admin import assets, door
from notifier.web.here import env
from notifier.web.page_environment import page_environment
from notifier.web.pages import fill, phrase_for

WORDS = Path(__file__).parents[2] / "locales" / "admin"
DONE = "done"
WRONG = "wrong"
A_SECOND = timedelta(seconds=1)
SECTIONS = (
    ("today", "t"),
    ("products", "p"),
    ("subscriptions", "s"),
    ("releases", "r"),
    ("orders", "o"),
    ("demand", "d"),
    ("templates", "m"),
    ("settings", "e"),
)


def show(name: str, *, status: int = 200, words: str = "", **values: Any) -> Response:
    """The page templates/admin/<name>.html with the words of locales/admin/<words>.toml.

    Without `words`, those named like the blueprint of the view.
    """
    html = render(name, words=words, **values)
    answer = Response(html, status=status, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = policy()
    return answer


def render(name: str, *, words: str = "", **values: Any) -> str:
    """The page, or the piece of one, as text: what htmx asks for has no headers of its own."""
    spoken = locale()
    return (
        _environment()
        .get_template(f"{name}.html")
        .render(
            words=words_of(words or request.blueprint or "frame", spoken),
            frame=words_of("frame", spoken),
            lang=spoken,
            dir=i18n.direction(spoken),
            nonce=nonce(),
            **values,
        )
    )


def note(text: str, *, kind: str = DONE) -> None:
    """Say this on the next page; `kind` is DONE or WRONG."""
    flash(text, kind)


def locale() -> str:
    """The person's own language; before sign-in, the browser's."""
    found = door.half_signed()
    wanted = found.person.locale if found else ""
    asked = accepted_locales(request.headers.get("Accept-Language", ""))
    return choose_locale([wanted, *asked] if wanted else asked, available_locales())


def zone() -> ZoneInfo:
    """In whose time a page tells: the shop's."""
    ref = env().shops.get(str(g.get("shop_slug", "")))
    return ZoneInfo(ref.config.time_zone if ref else "UTC")


def address(text: str) -> str:
    """An address as this person may see it."""
    return text if door.person().may(Right.SEE_ADDRESSES) else mask(text)


def nonce() -> str:
    """What a style of this answer must carry; a new one for each."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def policy() -> str:
    """The content security policy of a page: scripts and forms only of our own (trust WS-17)."""
    return (
        "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; "
        f"style-src 'self' 'nonce-{nonce()}'; img-src 'self' https: data:; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def words_of(page: str, locale: str) -> Mapping[str, str]:
    """The words of one page in one language. A missing file is a bug that a test finds."""
    tables = tomllib.loads((WORDS / f"{page}.toml").read_text(encoding="utf-8"))
    return MappingProxyType(tables[choose_locale(locale, tables)])


# --- what templates can say ---------------------------------------------------------------


def when(moment: datetime | None) -> Markup:
    """`3 minutes ago`, with the full time to hover over; a dash for never."""
    if moment is None:
        return Markup("<span class=muted>–</span>")
    full = i18n_figures.format_instant(moment.astimezone(zone()), locale())
    distance = moment - env().now()
    if abs(distance) < A_SECOND:
        distance = -A_SECOND  # nothing is "in 0 seconds"
    near = i18n_figures.ago_words(distance, locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), full, near
    )


def moment(at: datetime | None) -> Markup:
    """`22 Nov 2026, 14:05` in the shop's time; a dash for never."""
    if at is None:
        return Markup("<span class=muted>–</span>")
    return Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(timespec="seconds"),
        i18n_figures.format_instant(at.astimezone(zone()), locale()),
    )


def day(value: date | datetime | str | None) -> str:
    """`22 November 2026`, also of a day as facts keep it; a dash for none."""
    if not value:
        return "–"
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return i18n.format_date(value, locale())


def short_day(value: date | datetime) -> str:
    """`22 Nov`, for the foot of a drawing; a moment is to be in the right time zone already."""
    return i18n_figures.format_short_day(value, locale())


def number(value: float | None, *, digits: int = 0) -> str:
    """`12,345` as the reader writes it; a dash for none."""
    return "–" if value is None else i18n_figures.format_number(value, locale(), digits=digits)


def counted(words: Mapping[str, str], name: str, count: int, **values: object) -> str:
    """As pages.counted, the count as the reader writes it."""
    return fill(phrase_for(words, name, count), count=number(count), **values)


def percent(value: float | None, *, digits: int = 0) -> str:
    """0.25 → `25 %`; a dash for none."""
    return "–" if value is None else i18n_figures.format_percent(value, locale(), digits=digits)


def name_of(variant: Any) -> str:
    """`Linen shirt, S`, in the reader's language; a dash for what the catalogue has lost."""
    if variant is None:
        return "–"
    spoken = locale()
    parts = dict.fromkeys((product_title(variant, spoken), variant_title(variant, spoken)))
    return ", ".join(part for part in parts if part)


def csrf() -> Markup:
    """The hidden field every form needs."""
    found = door.half_signed()
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        door.TOKEN_FIELD, found.csrf if found else ""
    )


def csrf_header() -> str:
    """The same for what scripts send, as JSON for hx-headers."""
    found = door.half_signed()
    return f'{{"{door.TOKEN_HEADER}": "{escape(found.csrf if found else "")}"}}'


def notes() -> list[tuple[str, str]]:
    """What is to be said on this page: (kind, text)."""
    said: list[Any] = list(get_flashed_messages(with_categories=True))
    return [(str(kind), str(text)) for kind, text in said]


def may(right: str) -> bool:
    """For templates: show this button only to who can press it."""
    found = door.signed()
    return found is not None and found.person.may(Right(right))


def who() -> Any:
    """The person at the top of the page, or None before sign-in."""
    found = door.signed()
    return found.person if found else None


def sections() -> list[dict[str, str]]:
    """The navigation: where each entry leads, its key, and whether one is there."""
    slug = _slug_for_links()
    if not slug:
        return []
    rules = current_app.view_functions
    found = []
    for name, key in SECTIONS:
        endpoint = f"{name}.index"
        if endpoint in rules:
            here = request.blueprint or ""
            found.append(
                {
                    "name": name,
                    "key": key,
                    "url": url_for(endpoint, shop=slug),
                    "here": "page" if here.startswith(name) else "",
                }
            )
    return found


def other_shops() -> list[dict[str, str]]:
    """The shops one can change to, with the address of the same section there."""
    if door.signed() is None:
        return []
    return [
        {"slug": one.slug, "name": one.config.name, "url": url_for("today.index", shop=one.slug)}
        for one in door.shops()
    ]


def here_shop() -> Any:
    """The shop this page is about, as its navigation needs it; None outside of any."""
    slug = _slug_for_links()
    return env().shops.get(slug) if slug else None


def _slug_for_links() -> str:
    if door.signed() is None:
        return ""
    own = door.shops()
    slug = str(g.get("shop_slug", ""))
    return slug if any(one.slug == slug for one in own) else own[0].slug if own else ""


@cache
def _environment() -> Environment:
    from notifier.web.admin.said import finding_words  # which says it in words of this page

    made = page_environment(
        "admin",
        fill=fill,
        counted=counted,
        when=when,
        moment=moment,
        day=day,
        number=number,
        percent=percent,
        address=address,
        name_of=name_of,
        finding_words=finding_words,
    )
    made.globals.update(
        url=url_for,
        asset=assets.url,
        csrf=csrf,
        csrf_header=csrf_header,
        notes=notes,
        may=may,
        who=who,
        sections=sections,
        there=lambda endpoint: endpoint in current_app.view_functions,
        other_shops=other_shops,
        here_shop=here_shop,
    )
    return made
