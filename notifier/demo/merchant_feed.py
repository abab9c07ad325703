"""Which product feed does the storefront publish, and how can it go wrong?

A Google Merchant feed (RSS 2.0) as shop systems write it, plus `quantity` and `alternatives`. The
dial can damage it in the ways that real feeds are damaged.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape

from notifier.demo.goods import GOODS, Good, Kind
from notifier.demo.shop import Shelf, Shop

__all__ = ["FeedAnswer", "FeedDesk", "Mischief", "write_feed"]

XML = "application/xml; charset=utf-8"
LOGIN_PAGE = (
    "<!doctype html><html><head><title>Log in</title></head><body><h1>Please log in</h1>"
    '<form method="post" action="/login"><label>User <input name="user"></label>'
    '<label>Password <input name="password" type="password"></label><button>Log in</button>'
    "</form></body></html>"
)


class Mischief(StrEnum):
    """What is wrong with the feed at present."""

    NONE = "none"
    TRUNCATED = "truncated"  # the connection breaks in mid-item
    EMPTY = "empty"  # 200 and nothing in it
    LOGIN = "login"  # the session of the export ran out
    SHRUNKEN = "shrunken"  # a filter was set, and most items are gone
    DOWN = "down"  # the server answers 503


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAnswer:
    """What the storefront answers to whoever fetches its feed."""

    status: int
    body: bytes
    content_type: str
    etag: str = ""


class FeedDesk:
    """Hands out the feed. While the shop pushes, the feed is one that is only rebuilt at night:
    unchanged."""

    def __init__(self, shop: Shop, *, origin: Callable[[], str]) -> None:
        self._shop = shop
        self._origin = origin
        self._lock = threading.Lock()
        self._frozen: str | None = None
        self.mischief = Mischief.NONE
        self.fetches = 0

    @property
    def pushes(self) -> bool:
        """True while stock is pushed and the feed stands still."""
        with self._lock:
            return self._frozen is not None

    @pushes.setter
    def pushes(self, on: bool) -> None:
        with self._lock:
            self._frozen = (self._frozen or self._fresh()) if on else None

    def fetch(self, *, etag: str = "") -> FeedAnswer:
        """One fetch; 304 when `etag` is what the caller has already."""
        with self._lock:
            self.fetches += 1
            text = self._frozen or self._fresh()
            mischief = self.mischief
        tag = hashlib.sha256(text.encode()).hexdigest()[:16]
        if mischief is not Mischief.NONE:
            return _spoil(text, mischief)
        if etag == tag:
            return FeedAnswer(status=304, body=b"", content_type=XML, etag=tag)
        return FeedAnswer(status=200, body=text.encode(), content_type=XML, etag=tag)

    def _fresh(self) -> str:
        return write_feed(self._shop.shelves(), origin=self._origin())


def write_feed(shelves: Mapping[str, Shelf], *, origin: str) -> str:
    """The whole feed. `origin` is the storefront's."""
    items = "\n".join(
        _item(good, kind, shelves[kind.key], origin=origin) for good in GOODS for kind in good.kinds
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
        f"<title>Kettle &amp; Co</title>\n<link>{escape(origin)}/shop</link>\n"
        f"<description>All we sell</description>\n{items}\n</channel>\n</rss>\n"
    )


def _item(good: Good, kind: Kind, shelf: Shelf, *, origin: str) -> str:
    fields = {
        "g:id": kind.key,
        "g:item_group_id": good.key,
        "title": good.name["en"],
        "variant_title": kind.label["en"],
        "description": good.line["en"],
        "link": f"{origin}/p/{good.slug}?variant={kind.key}",
        "g:image_link": f"{origin}/pictures/{kind.key}.svg",
        "g:availability": shelf.availability.value,
        "g:quantity": "" if shelf.quantity is None else str(shelf.quantity),
        "g:availability_date": shelf.eta,
        "g:price": f"{kind.price} EUR",
        "g:brand": "Kettle & Co",
        "g:condition": "new",
        "alternatives": ",".join(good.alternatives),
    }
    lines = (f"  <{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)
    return "<item>\n" + "\n".join(lines) + "\n</item>"


def _spoil(text: str, mischief: Mischief) -> FeedAnswer:
    if mischief is Mischief.LOGIN:
        return FeedAnswer(
            status=200, body=LOGIN_PAGE.encode(), content_type="text/html; charset=utf-8"
        )
    if mischief is Mischief.DOWN:
        return FeedAnswer(status=503, body=b"Be back soon.\n", content_type="text/plain")
    if mischief is Mischief.EMPTY:
        head, _, tail = text.partition("<item>")
        body = head + tail[tail.rindex("</channel>") :]
    elif mischief is Mischief.SHRUNKEN:
        items = text.split("</item>")
        body = "</item>".join([*items[:4], items[-1]])
    else:
        body = text[: len(text) * 3 // 5]
    return FeedAnswer(status=200, body=body.encode(), content_type=XML)
