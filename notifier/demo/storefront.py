"""How does Kettle & Co's own shop look to shoppers, to feed readers and to search engines?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from notifier.demo.checkout import COUNTRIES, SOLD_AHEAD, SOMEBODY, place_order, taking
from notifier.demo.goods import GOODS, LANGUAGES, Good, Kind, find_good, find_kind
from notifier.demo.pictures import draw, swatch_css
from notifier.demo.shop import Shelf
from notifier.demo.stage import Stage
from notifier.demo.words import LANGUAGE_NAMES, PHRASES, price_words, stock_words
from notifier.domain.availability import Availability

__all__ = ["EXTENSION", "blueprint", "stage"]

EXTENSION = "notifier.demo.stage"
COOKIE = "lang"
YEAR = 365 * 86400
SCHEMA_ORG = {
    Availability.IN_STOCK: "InStock",
    Availability.OUT_OF_STOCK: "OutOfStock",
    Availability.BACKORDER: "BackOrder",
    Availability.PREORDER: "PreOrder",
    Availability.DISCONTINUED: "Discontinued",
}

blueprint = Blueprint("storefront", __name__)


def stage() -> Stage:
    """What this app was made with."""
    found: Stage = current_app.extensions[EXTENSION]
    return found


def locale_here() -> str:
    """?lang=, else the language chosen before, else the browser's."""
    for asked in (request.args.get("lang", ""), request.cookies.get(COOKIE, "")):
        if asked in LANGUAGES:
            return asked
    return request.accept_languages.best_match(LANGUAGES) or "en"


@blueprint.after_request
def _remember_language(answer: Response) -> Response:
    if request.args.get("lang", "") in LANGUAGES and answer.mimetype == "text/html":
        answer.set_cookie(COOKIE, request.args["lang"], max_age=YEAR, httponly=True, samesite="Lax")
    return answer


@blueprint.get("/shop")
def shop_page() -> str:
    locale = locale_here()
    shelves = stage().shop.shelves()
    return render_template(
        "demo/shop.html",
        **_common(locale),
        goods=[_card(good, shelves, locale=locale) for good in GOODS],
    )


@blueprint.get("/p/<slug>")
def product_page(slug: str) -> str:
    good = find_good(slug) or abort(404, "Kettle & Co sells no such thing.")
    locale = locale_here()
    shelves = stage().shop.shelves()
    chosen = _chosen(good, shelves)
    return render_template(
        "demo/product.html",
        **_common(locale),
        good=good,
        name=good.name[locale],
        kinds=_kinds(good, shelves, locale=locale, chosen=chosen),
        chosen=chosen.key,
        json_ld=_json_ld(good, shelves, locale=locale),
        plain_form=_plain_form(chosen, locale=locale),
        said=PHRASES[locale].get(request.args.get("said", ""), ""),
        ordered=request.args.get("ordered", "")[:40],
        countries=COUNTRIES,
        somebody=SOMEBODY,
        any_ahead=any(shelves[kind.key].availability in SOLD_AHEAD for kind in good.kinds),
        others=[_card(one, shelves, locale=locale) for one in _others(good)],
    )


@blueprint.get("/p/<slug>.json")
def product_state(slug: str) -> Response:
    """How the variants stand now, for the page's own script."""
    good = find_good(slug) or abort(404)
    shelves = stage().shop.shelves()
    kinds = _kinds(good, shelves, locale=locale_here(), chosen=good.kinds[0])
    wanted = ("key", "words", "tone", "can_be_bought", "ahead")
    return jsonify([{name: kind[name] for name in wanted} for kind in kinds])


@blueprint.post("/buy")
def buy() -> AnyResponse:
    """A shopper buys one. A plain form; the page that follows says how it went."""
    key = request.form.get("variant", "")
    found = find_kind(key) or abort(404, f"Kettle & Co sells no {key[:40]!r}.")
    said = "bought" if stage().shop.buy(key) else "gone"
    here = url_for("storefront.product_page", slug=found[0].slug, variant=key, said=said)
    return redirect(here, code=303)


@blueprint.post("/order")
def order() -> AnyResponse:
    """A shopper orders one that arrives later. The page that follows says the number."""
    form = request.form
    key = form.get("variant", "")
    found = find_kind(key) or abort(404, f"Kettle & Co sells no {key[:40]!r}.")
    ref = place_order(
        stage(),
        key,
        email=form.get("email", "").strip(),
        country=form.get("country", "US"),
        locale=locale_here(),
    )
    here = url_for("storefront.product_page", slug=found[0].slug, variant=key, ordered=ref)
    return redirect(here, code=303)


@blueprint.get("/pictures/<key>.svg")
def picture(key: str) -> Response:
    """A variant's picture, for feeds and mails."""
    found = find_kind(key) or abort(404)
    answer = Response(draw(*found, paper=True, width=400), mimetype="image/svg+xml")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@blueprint.get("/swatches.css")
def swatches() -> Response:
    return Response(swatch_css(), mimetype="text/css")


@blueprint.get("/favicon.ico")
def icon() -> Response:
    good, kind = find_kind("KETTLE-12") or abort(404)
    return Response(draw(good, kind, width=64), mimetype="image/svg+xml")


@blueprint.get("/feeds/google.xml")
def feed() -> Response:
    """The Google Merchant feed; what the dial has done to it included."""
    given = stage().desk.fetch(etag=request.headers.get("If-None-Match", "").strip('W/"'))
    answer = Response(given.body, status=given.status, content_type=given.content_type)
    if given.etag:
        answer.set_etag(given.etag)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("demo/privacy.html", **_common(locale_here()))


def _common(locale: str) -> dict[str, Any]:
    args = {**(request.view_args or {}), **request.args.to_dict()}
    for passing in ("said", "ordered"):
        args.pop(passing, None)
    endpoint = request.endpoint or "storefront.shop_page"
    return {
        "lang": locale,
        "say": PHRASES[locale],
        "languages": [
            (one, LANGUAGE_NAMES[one], url_for(endpoint, **{**args, "lang": one}))
            for one in LANGUAGES
        ],
    }


def _chosen(good: Good, shelves: dict[str, Shelf]) -> Kind:
    """The variant the address names, else the first that can be bought, else the first."""
    asked = request.args.get("variant", "")
    ready = (kind for kind in good.kinds if shelves[kind.key].can_be_bought)
    named = (kind for kind in good.kinds if kind.key == asked)
    return next(named, None) or next(ready, None) or good.kinds[0]


def _kinds(
    good: Good, shelves: dict[str, Shelf], *, locale: str, chosen: Kind
) -> list[dict[str, Any]]:
    return [
        {
            "key": kind.key,
            "label": kind.label[locale],
            "glaze": kind.glaze,
            "price": price_words(kind, locale=locale),
            "picture": draw(good, kind, label=f"{good.name[locale]}, {kind.label[locale]}"),
            "words": stock_words(shelves[kind.key], locale=locale, today=_today()),
            "tone": _tone(shelves[kind.key]),
            "can_be_bought": shelves[kind.key].can_be_bought,
            "ahead": taking(stage(), kind.key, shelves[kind.key]),
            "chosen": kind.key == chosen.key,
        }
        for kind in good.kinds
    ]


def _card(good: Good, shelves: dict[str, Shelf], *, locale: str) -> dict[str, Any]:
    shown = max(good.kinds, key=lambda kind: (shelves[kind.key].can_be_bought, kind.key))
    prices = sorted({kind.price for kind in good.kinds})
    cheapest = min(good.kinds, key=lambda kind: kind.price)
    return {
        "slug": good.slug,
        "name": good.name[locale],
        "line": good.line[locale],
        "price": price_words(cheapest, locale=locale) + ("+" if len(prices) > 1 else ""),
        "picture": draw(good, shown),
        "words": stock_words(replace(shelves[shown.key], eta=""), locale=locale, today=_today()),
        "tone": _tone(shelves[shown.key]),
        "glazes": [kind.glaze for kind in good.kinds] if _has_swatches(good) else [],
    }


def _has_swatches(good: Good) -> bool:
    return len({kind.glaze for kind in good.kinds}) > 1


def _others(good: Good) -> list[Good]:
    """Three more things to look at, the alternatives first."""
    keys = {find_kind(key)[0].key for key in good.alternatives if find_kind(key)}  # type: ignore[index]
    first = [one for one in GOODS if one.key in keys]
    start = GOODS.index(good)
    rest = [GOODS[(start + step) % len(GOODS)] for step in range(1, len(GOODS))]
    return [*first, *(one for one in rest if one not in first)][:3]


def _tone(shelf: Shelf) -> str:
    if shelf.can_be_bought:
        return "low" if (shelf.quantity or 0) <= 3 else "good"
    return "gone" if shelf.availability is Availability.DISCONTINUED else "out"


def _today() -> date:
    return stage().clock().date()


def _plain_form(kind: Kind, *, locale: str) -> str:
    on_stage = stage()
    where = f"{on_stage.places.notifier}/f/{on_stage.keys.public}"
    return f"{where}?variant={quote(kind.key, safe='')}&lang={locale}"


def _json_ld(good: Good, shelves: dict[str, Shelf], *, locale: str) -> Markup:
    """Product and offers as schema.org has them, one offer for each variant."""
    origin = stage().places.storefront
    offers = []
    for kind in good.kinds:
        shelf = shelves[kind.key]
        offers.append(
            {
                "@type": "Offer",
                "sku": kind.key,
                "url": f"{origin}/p/{good.slug}?variant={kind.key}",
                "price": str(kind.price),
                "priceCurrency": "EUR",
                "availability": f"https://schema.org/{SCHEMA_ORG[shelf.availability]}",
                **({"availabilityStarts": shelf.eta.partition("/")[0]} if shelf.eta else {}),
            }
        )
    value = {
        "@context": "https://schema.org",
        "@type": "Product",
        "productID": good.key,
        "name": good.name[locale],
        "description": good.text[locale],
        "image": f"{origin}/pictures/{good.kinds[0].key}.svg",
        "brand": {"@type": "Brand", "name": "Kettle & Co"},
        "offers": offers,
    }
    text = json.dumps(value, ensure_ascii=False)
    # inside <script>, only these could end or open something
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
