"""With which made-up recipients is every message template tried before it may be used?

Six and more per kind: a rich one, one that lacks everything optional, huge names, right-to-left
names, emoji, markup in names, zero and large quantities (trust WS-T4). Previews show the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from notifier.domain.message import ABOUT_ORDERS, MessageKind
from notifier.domain.message_context import schema_of
from notifier.domain.message_samples_orders import about_order, vary_order

_BASE = "https://notify.kettle.example"
_TOKEN = "k7Qm2XvT9cPz4LwR1nYb8A"

_DATES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "asked_on": "3 November 2026",
        "expires_in": "48 hours",
        "waiting_since": "3 November 2026",
        "eta": "around 3 December 2026",
        "was": "in November 2026",
        "since": "4 December 2026, 08:15",
        "price": "€1,249.00",
        "regular": "€1,399.00",
        "low": "€39.90",
    },
    "de": {
        "asked_on": "3. November 2026",
        "expires_in": "48 Stunden",
        "waiting_since": "3. November 2026",
        "eta": "um den 3. Dezember 2026",
        "was": "im November 2026",
        "since": "4. Dezember 2026, 08:15",
        "price": "1.249,00 €",
        "regular": "1.399,00 €",
        "low": "39,90 €",
    },
    "es": {
        "asked_on": "3 de noviembre de 2026",
        "expires_in": "48 horas",
        "waiting_since": "3 de noviembre de 2026",
        "eta": "hacia el 3 de diciembre de 2026",
        "was": "en noviembre de 2026",
        "since": "4 de diciembre de 2026, 08:15",
        "price": "1.249,00 €",
        "regular": "1.399,00 €",
        "low": "39,90 €",
    },
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Stovetop kettle “Dawn”",
        "variant": "Sea blue / 1.7 l",
        "other": "Whistling kettle “Dusk”",
        "problem": "The feed answered with a login page instead of products.",
        "advice": "Check the address of the feed and its password, then press Retry.",
        "news": "A word about what you are waiting for",
        "news_first": "The new glaze takes longer to dry than we thought.",
        "news_then": "We fire the next batch in December and tell you on the day it is here.",
    },
    "de": {
        "title": "Wasserkessel „Morgen“",
        "variant": "Seeblau / 1,7 l",
        "other": "Pfeifkessel „Abend“",
        "problem": "Der Feed lieferte eine Anmeldeseite statt Artikeln.",
        "advice": "Bitte Adresse und Passwort des Feeds prüfen und dann erneut abrufen.",
        "news": "Ein Wort zu dem, worauf Sie warten",
        "news_first": "Die neue Glasur trocknet langsamer als gedacht.",
        "news_then": "Im Dezember brennen wir weiter und melden uns am Tag, an dem alles da ist.",
    },
    "es": {
        "title": "Hervidor «Alba»",
        "variant": "Azul mar / 1,7 l",
        "other": "Tetera «Tarde»",
        "problem": "El feed devolvió una página de acceso en lugar de productos.",
        "advice": "Conviene revisar la dirección y la contraseña del feed y volver a consultarlo.",
        "news": "Unas palabras sobre lo que espera",
        "news_first": "El esmalte nuevo seca despacio y hace falta paciencia.",
        "news_then": "En diciembre seguimos con la hornada y avisaremos el día que llegue.",
    },
}


def _rich(words: Mapping[str, str], when: Mapping[str, str]) -> dict[str, Any]:
    linked = {
        "title": words["title"],
        "url": f"{_BASE}/r/{_TOKEN}",
        "image_url": "https://kettle.example/img/dawn.jpg",
        "price": when["price"],
    }
    other = {**linked, "title": words["other"], "price": when["low"]}
    return {
        "shop": {
            "name": "Kettle & Co",
            "url": "https://kettle.example",
            "support_email": "help@kettle.example",
            "postal_address": "Kettle & Co, 12 Harbour Street, Leith EH6 6JJ, Scotland",
            "logo_url": "",
            "accent": "#1f5f4a",
        },
        "product": {**linked, "regular_price": when["regular"]},
        "variant": {"title": words["variant"]},
        "any_variant": False,
        "quantity": 2,
        "stock": {"quantity": 14, "limited": False},
        "availability": "in_stock",
        "eta": {"text": when["eta"], "was": when["was"], "overdue": False},
        "alternatives": [other, {**other, "title": f"{words['other']} 2.0", "image_url": ""}],
        "links": {
            name: f"{_BASE}/{letter}/{_TOKEN}"
            for name, letter in (
                ("confirm", "c"),
                ("cancel", "u"),
                ("unsubscribe", "u"),
                ("manage", "m"),
                ("keep", "c"),
                ("release", "a"),
                ("drop", "a"),
                ("admin", "admin"),
            )
        },
        "asked_on": when["asked_on"],
        "expires_in": when["expires_in"],
        "waiting_since": when["waiting_since"],
        "incentive": {"code": "EARLY10", "text": ""},
        "news": {"subject": words["news"], "short": words["news_first"]},
        "paragraphs": [{"text": words["news_first"]}, {"text": words["news_then"]}],
        "total": 2,
        "products": [
            {"title": words["title"], "count": 3, "days": 2},
            {"title": words["other"], "count": 1, "days": 0},
        ],
        "period": {"first": when["asked_on"], "last": when["waiting_since"]},
        "figures": {
            "new": 42,
            "new_before": 31,
            "released": 3,
            "told": 118,
            "clicked": 57,
            "orders_due": 2,
            "bought_share": "21 %",
            "waiting_since": when["asked_on"],
        },
        "source": {
            "sort": "source",
            "name": "Product feed",
            "problem": words["problem"],
            "since": when["since"],
            "advice": words["advice"],
            "held": 12,
        },
    }


def _bare(context: dict[str, Any]) -> None:
    """Only what a message cannot do without."""
    for name in ("url", "support_email", "postal_address", "logo_url", "accent"):
        context["shop"][name] = ""
    for name in ("image_url", "price", "regular_price"):
        context["product"][name] = ""
    context["variant"]["title"] = ""
    context["quantity"] = 1
    context["stock"]["quantity"] = None
    context["eta"] = {"text": "", "was": "", "overdue": True}
    context["alternatives"] = []
    context["links"].update(cancel="", release="", drop="")
    for name in ("asked_on", "expires_in", "waiting_since"):
        context[name] = ""
    context["source"].update(sort="order", since="", advice="", held=0)


def _rename(context: dict[str, Any], *, shop: str, product: str, variant: str) -> None:
    context["shop"]["name"] = shop
    context["product"]["title"] = product
    context["variant"]["title"] = variant
    context["alternatives"] = [{**one, "title": product} for one in context["alternatives"]]
    context["source"]["name"] = product


def _huge(context: dict[str, Any]) -> None:
    _rename(
        context,
        shop="The Very Old and Entirely Respectable Harbour Street Kettle & Teapot Company",
        product="Hand-forged enamelled stovetop whistling kettle with walnut handle, " * 4,
        variant="Donaudampfschifffahrtsgesellschaftskapitänsmützenblau" * 2,
    )


def _right_to_left(context: dict[str, Any]) -> None:
    _rename(context, shop="متجر الشاي", product="קומקום תה כחול\u202e", variant="أزرق / كبير")
    context["shop"]["accent"] = "#ffd54a"


def _emoji(context: dict[str, Any]) -> None:
    _rename(context, shop="Tea 🫖 Time", product="Kettle 👩‍🍳✨ “très chic” — №7", variant="🟦 / L")
    context["any_variant"] = True


def _markup(context: dict[str, Any]) -> None:
    _rename(
        context,
        shop="<b>Bobby</b> & Söhne",
        product='<script>alert("1")</script>{{ 7*7 }}\r\nBcc: eve@evil.example',
        variant="'\"><img src=x onerror=alert(1)>",
    )
    context["product"]["image_url"] = "javascript:alert(1)"


def _nothing_left(context: dict[str, Any]) -> None:
    context["stock"] = {"quantity": 0, "limited": True}
    context["availability"] = "backorder"
    context["eta"]["was"] = ""
    context["shop"]["discreet"] = True
    context["source"]["held"] = 1


def _a_great_many(context: dict[str, Any]) -> None:
    context["quantity"] = 10_000
    context["stock"] = {"quantity": 9_999_999, "limited": True}
    context["availability"] = "preorder"
    context["source"]["held"] = 1_000_000


def _as_it_is(context: dict[str, Any]) -> None:
    """The rich sample, unchanged."""


_VARIANTS: Mapping[str, Callable[[dict[str, Any]], None]] = MappingProxyType(
    {
        "rich": _as_it_is,
        "bare": _bare,
        "huge names": _huge,
        "right to left": _right_to_left,
        "emoji": _emoji,
        "markup": _markup,
        "nothing left": _nothing_left,
        "a great many": _a_great_many,
    }
)
SAMPLES = tuple(_VARIANTS)
"""The names of the samples, the most ordinary first."""


def sample_context(kind: MessageKind, locale: str, sample: str = "rich") -> dict[str, Any]:
    """A made-up context for `kind`, worded for `locale` (other locales: English).

    Raises KeyError when there is no sample of that name.
    """
    language = locale.replace("_", "-").split("-")[0].lower()
    language = language if language in _WORDS else "en"
    context = _rich(_WORDS[language], _DATES[language])
    if kind in ABOUT_ORDERS:
        context = about_order(context, language)
    if kind is MessageKind.CONFIRM:  # nothing to end or to manage yet
        context["links"].update(unsubscribe="", manage="", keep="")
    _VARIANTS[sample](context)
    if kind in ABOUT_ORDERS:
        vary_order(context, language, sample, kind=kind)
    return _only_what_fits(kind, context)


def _only_what_fits(kind: MessageKind, context: dict[str, Any]) -> dict[str, Any]:
    schema = schema_of(kind)
    fitting: dict[str, Any] = {}
    for name, value in context.items():
        group = schema.get(name)
        if isinstance(group, Mapping) and isinstance(value, dict):
            fitting[name] = {key: one for key, one in value.items() if key in group}
        elif group is not None:
            fitting[name] = value
    return fitting
