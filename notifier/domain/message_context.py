"""Which values may a message template use, and are the values it is given fit to be used?

One schema for all kinds: groups of plain values (`shop.name`, `product.url` …). A kind has only
the groups it needs, so a typing error is found when a template is saved, not when it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, cast

from notifier.domain.message import ABOUT_ORDERS, LEGAL_NOTICES, MessageKind
from notifier.domain.one_line import one_line
from notifier.errors import TemplateProblem


class Value(StrEnum):
    """What a field holds. Everything is plain: text, whole number, truth."""

    TEXT = "text"
    URL = "url"  # http or https, or ''
    COLOUR = "colour"  # '#rrggbb', or ''
    FLAG = "flag"
    COUNT = "count"
    MAYBE_COUNT = "maybe_count"  # a whole number, or None when nobody knows


Group = Mapping[str, Value]
Schema = Mapping[str, Value | Group | tuple[Group]]

_SHOP: Group = {
    "name": Value.TEXT,
    "url": Value.URL,
    "support_email": Value.TEXT,
    "postal_address": Value.TEXT,
    "logo_url": Value.URL,
    "accent": Value.COLOUR,
    "accent_ink": Value.COLOUR,  # derived: what is legible on the accent
    "discreet": Value.FLAG,  # never name the product where others may read it (trust CP-10)
}
_PRODUCT: Group = {
    "title": Value.TEXT,
    "name": Value.TEXT,  # derived: the title with the variant in brackets
    "variant": Value.TEXT,  # derived: the variant, '' where any will do
    "url": Value.URL,
    "image_url": Value.URL,
    "price": Value.TEXT,
    "regular_price": Value.TEXT,
}
_ETA: Group = {"text": Value.TEXT, "was": Value.TEXT, "overdue": Value.FLAG}
_SOURCE: Group = {
    "sort": Value.TEXT,  # source | order | alerts | other: what the trouble is about
    "name": Value.TEXT,
    "problem": Value.TEXT,
    "since": Value.TEXT,
    "advice": Value.TEXT,
    "held": Value.COUNT,
}
_ABOUT_A_PRODUCT: Schema = {
    "kind": Value.TEXT,
    "shop": _SHOP,
    "product": _PRODUCT,
    "variant": {"title": Value.TEXT},
    "any_variant": Value.FLAG,
    "quantity": Value.COUNT,
    "stock": {"quantity": Value.MAYBE_COUNT, "limited": Value.FLAG},
    "availability": Value.TEXT,
    "eta": _ETA,
    "alternatives": (_PRODUCT,),
    "links": dict.fromkeys(("confirm", "cancel", "unsubscribe", "manage", "keep"), Value.URL),
    "asked_on": Value.TEXT,
    "expires_in": Value.TEXT,
    "waiting_since": Value.TEXT,
    "held_until": Value.TEXT,  # the units are kept for this person until then; '' where not
    "incentive": {"code": Value.TEXT, "text": Value.TEXT},
}
_BROADCAST: Schema = {
    **_ABOUT_A_PRODUCT,
    "news": {"subject": Value.TEXT, "short": Value.TEXT},  # what the merchant has written
    "paragraphs": ({"text": Value.TEXT},),
}
_MANAGE_LINK: Schema = {
    "kind": Value.TEXT,
    "shop": _SHOP,
    "links": {"manage": Value.URL, "unsubscribe": Value.URL},
    "asked_on": Value.TEXT,
    "expires_in": Value.TEXT,
}
_SOURCE_TROUBLE: Schema = {
    "kind": Value.TEXT,
    "shop": _SHOP,
    "source": _SOURCE,
    "links": {"release": Value.URL, "drop": Value.URL},
}
_WATCHED: Schema = {
    "kind": Value.TEXT,
    "shop": _SHOP,
    "total": Value.COUNT,
    # count: units left, or people; days: how long it lasts, 0 where nobody knows
    "products": ({"title": Value.TEXT, "count": Value.COUNT, "days": Value.COUNT},),
    "links": {"admin": Value.URL},
}
_REPORT: Schema = {
    **_WATCHED,
    "period": {"first": Value.TEXT, "last": Value.TEXT},
    "figures": {
        **dict.fromkeys(("new", "new_before", "released", "told", "clicked"), Value.COUNT),
        "orders_due": Value.COUNT,
        "bought_share": Value.TEXT,
        "waiting_since": Value.TEXT,
    },
}
_ABOUT_AN_ORDER: Schema = {
    "kind": Value.TEXT,
    "shop": _SHOP,
    "product": _PRODUCT,  # title: as sold; url: the plain page
    "quantity": Value.COUNT,
    "order": {"ref": Value.TEXT, "placed_on": Value.TEXT, "preorder": Value.FLAG},
    "eta": {**_ETA, "arrives": Value.FLAG},  # arrives: the day of delivery, not of shipping
    "promised": {"text": Value.TEXT},
    "notice": {
        "reason": Value.TEXT,  # why it is late, in the merchant's words
        "answer_by": Value.TEXT,
        "silence": Value.TEXT,  # consents | cancels | nothing
        "renewed": Value.FLAG,
        "legal": Value.FLAG,
    },
    "clauses": ({"text": Value.TEXT},),  # what the law wants said; locked (trust OD-14)
    "links": dict.fromkeys(("decide", "wait", "cancel", "withdraw"), Value.URL),
    "labels": {"withdraw": Value.TEXT},  # what the law wants written on that link
    "choices": dict.fromkeys(("wait", "cancel", "withdraw", "period", "terminate"), Value.FLAG),
    "checking": {"about": Value.TEXT},  # review | no_news | missed
    "cancellation": {
        "at": Value.TEXT,
        "by": Value.TEXT,  # customer | time | shop
        "ground": Value.TEXT,
        "refund_by": Value.TEXT,
        "partly": Value.FLAG,  # the rest of the order goes on
    },
    "alternatives": (_PRODUCT,),
    "incentive": {"code": Value.TEXT, "text": Value.TEXT},
}
_SPECIAL = {
    **dict.fromkeys(ABOUT_ORDERS, _ABOUT_AN_ORDER),
    MessageKind.BROADCAST: _BROADCAST,
    MessageKind.MANAGE_LINK: _MANAGE_LINK,
    MessageKind.SOURCE_TROUBLE: _SOURCE_TROUBLE,
    MessageKind.LOW_STOCK: _WATCHED,
    MessageKind.HIGH_DEMAND: _WATCHED,
    MessageKind.REPORT: _REPORT,
}

_ALERT = ("shop.name", "product.title", "product.url", "links.unsubscribe")
_ORDER = ("shop.name", "product.title", "links.decide")
_OPTION = (*_ORDER, "links.wait", "links.cancel", "clauses")
REQUIRED: Mapping[MessageKind, tuple[str, ...]] = {
    MessageKind.CONFIRM: ("shop.name", "product.title", "links.confirm"),
    MessageKind.WAITING: ("shop.name", "product.title", "links.unsubscribe"),
    MessageKind.BACK_IN_STOCK: _ALERT,
    MessageKind.REMINDER: _ALERT,
    MessageKind.ETA_REVISED: _ALERT,
    MessageKind.PREORDER_OPEN: _ALERT,
    MessageKind.DISCONTINUED: ("shop.name", "product.title", "links.unsubscribe"),
    MessageKind.STILL_WAITING: (
        "shop.name",
        "product.title",
        "links.keep",
        "links.unsubscribe",
    ),
    MessageKind.BROADCAST: (*_ALERT, "news.subject", "news.short", "paragraphs"),
    MessageKind.MANAGE_LINK: ("shop.name", "links.manage"),
    MessageKind.SOURCE_TROUBLE: ("shop.name", "source.name", "source.problem"),
    MessageKind.LOW_STOCK: ("shop.name", "products"),
    MessageKind.HIGH_DEMAND: ("shop.name", "products"),
    MessageKind.REPORT: ("shop.name", "period.first", "period.last"),
    **dict.fromkeys(ABOUT_ORDERS, _ORDER),
    **dict.fromkeys(LEGAL_NOTICES, _OPTION),
    MessageKind.ORDER_CANCELLED: (
        *_ORDER,
        "cancellation.at",
        "cancellation.ground",
        "cancellation.refund_by",
    ),
    MessageKind.ORDER_CHECKING: (*_ORDER, "checking.about"),
}
"""What a message of a kind cannot go out without. Without it nothing is sent, and it is said."""

DEFAULT_ACCENT = "#1f5f4a"
MAX_LIST = 100
_EMPTY: Mapping[Value, Any] = {
    Value.TEXT: "",
    Value.URL: "",
    Value.COLOUR: "",
    Value.FLAG: False,
    Value.COUNT: 0,
    Value.MAYBE_COUNT: None,
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


def schema_of(kind: MessageKind) -> Schema:
    """The groups and fields a template of `kind` may use."""
    return _SPECIAL.get(kind, _ABOUT_A_PRODUCT)


def complete_context(kind: MessageKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` as a template may use it: checked, cleaned, empty where nothing was said.

    Raises TemplateProblem for a name the kind does not have, a value of the wrong type, or a
    missing value the message cannot go out without. A URL that is neither http nor https is
    dropped (trust 5.D 139).
    """
    context = _fill_group(schema_of(kind), {**given, "kind": str(kind)}, path="")
    _derive(context)
    for path in REQUIRED[kind]:
        group, _, name = path.partition(".")
        if not (context[group][name] if name else context[group]):
            raise TemplateProblem(f"a {kind} message needs {path}, but it is empty", where=kind)
    return context


def _fill_group(schema: Schema | Group, given: Any, *, path: str) -> dict[str, Any]:
    if type(given) is not dict:
        raise TemplateProblem(f"{path or 'the context'} must be a dict, not {given!r:.60}")
    if not given.keys() <= schema.keys():
        extra = sorted(map(str, given.keys() - schema.keys()))
        raise TemplateProblem(f"{path}{extra[0]} is not a value that message templates have")
    filled: dict[str, Any] = {}
    for name, what in schema.items():
        if type(what) is Value:
            value = given.get(name)
            filled[name] = _EMPTY[what] if value is None else _clean(what, value, path=path + name)
        elif type(what) is tuple:
            filled[name] = _fill_list(what[0], given.get(name, ()), path=path + name)
        else:
            group = cast("Group", what)
            filled[name] = _fill_group(group, given.get(name, {}), path=f"{path}{name}.")
    return filled


def _fill_list(schema: Group, given: Any, *, path: str) -> list[dict[str, Any]]:
    if not isinstance(given, (list, tuple)) or len(given) > MAX_LIST:
        raise TemplateProblem(f"{path} must be a list of at most {MAX_LIST}")
    return [_fill_group(schema, one, path=f"{path}[].") for one in given]


def _clean(what: Value, value: Any, *, path: str) -> Any:
    if type(value) is not _TYPES[what]:
        raise TemplateProblem(f"{path} must be {_TYPES[what].__name__}, not {value!r:.60}")
    return _clean_text(what, value) if type(value) is str else value


def _clean_text(what: Value, text: str) -> str:
    if what is Value.URL and not text.startswith(("https://", "http://")):
        return ""
    if what is Value.COLOUR and not _COLOUR.match(text):
        return ""
    return one_line(text)


_TYPES: Mapping[Value, type] = {
    Value.TEXT: str,
    Value.URL: str,
    Value.COLOUR: str,
    Value.FLAG: bool,
    Value.COUNT: int,
    Value.MAYBE_COUNT: int,
}


def _derive(context: dict[str, Any]) -> None:
    shop = context["shop"]
    shop["accent"] = shop["accent"] or DEFAULT_ACCENT
    shop["accent_ink"] = legible_on(shop["accent"])
    if "product" not in context:
        return
    context["quantity"] = context["quantity"] or 1
    product = context["product"]
    if "variant" in context:
        product["variant"] = "" if context["any_variant"] else context["variant"]["title"]
    variant = product["variant"]
    product["name"] = f"{product['title']} ({variant})" if variant else product["title"]
    for other in context["alternatives"]:
        other["name"] = other["title"]


def legible_on(colour: str) -> str:
    """Black or white, whichever contrasts more with `colour` (WCAG 2.2 relative luminance)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if luminance < 0.179 else "#000000"
