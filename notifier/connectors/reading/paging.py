"""Is this the whole of a feed, or one page of it?

An API gives its goods page by page. What is missing from one page is not missing from the shop,
so such a look proves no absence. Seen in: Link headers (RFC 8288), WordPress, Shopify, Magento,
BigCommerce, Medusa, Ecwid, GraphQL connections, Django, OData.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from notifier.connectors.reading.columns import fold
from notifier.connectors.reading.records import Notes

ONE_PAGE = "the answer is one page of several, so what is missing from it proves nothing"
TROUBLE = "the answer reports an error beside its items, so what is missing from it proves nothing"

_NEXT = frozenset(
    [
        "next", "nexturl", "nextlink", "nextpage", "nextpageurl", "nextcursor", "nextpagetoken",
        "nexttoken", "odatanextlink", "hasmore", "hasnext", "hasnextpage",
    ]
)  # fmt: skip
_PAGE = frozenset(["page", "currentpage", "pagenumber"])
_PAGES = frozenset(["pages", "totalpages", "lastpage", "pagecount"])
_TOTAL = frozenset(["total", "totalcount", "totalresults", "totalitems", "totalproducts"])
_OF_PAGES = frozenset(
    [*_NEXT, *_PAGE, *_PAGES, *_TOTAL, "limit", "offset", "meta", "links", "pagination", "pageinfo"]
)
_LIMIT = re.compile(r"limit|per_?page|page_?size|\$top|.*\[pagesize\]", re.IGNORECASE)
_SHOPIFY_DEFAULT = 30  # of /products.json
_SHOPIFY_MOST = 250  # whatever it is asked for
_MAX_DEPTH = 4


class Paging:
    """What the members round the items of a JSON answer say about further pages."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}
        self._is_next = False
        self._is_trouble = False

    def see(self, name: str, value: Any, *, depth: int = 0) -> None:
        """A member of the answer that is not an item."""
        folded = fold(name)
        if folded in ("errors", "error"):
            self._is_trouble = self._is_trouble or bool(value)
        elif folded == "success":
            self._is_trouble = self._is_trouble or value is False
        elif isinstance(value, Mapping) and folded not in _NEXT:
            if depth < _MAX_DEPTH:
                for inner, member in value.items():
                    self.see(inner, member, depth=depth + 1)
        elif folded in _NEXT:
            self._is_next = self._is_next or (bool(value) and value not in ("null", "false"))
        elif (number := _number(value)) is not None:
            self._said.setdefault(folded, number)

    def judge(self, notes: Notes) -> None:
        """Note what was said; the items are counted at the end, in feed_reader."""
        page, pages = self._first(_PAGE), self._first(_PAGES)
        if self._is_trouble:
            notes.doubt(TROUBLE)
        is_more = pages is not None and pages > 1 and (page is None or page < pages)
        notes.goes_on = self._is_next or is_more
        if notes.goes_on and not notes.follows:
            notes.doubt(ONE_PAGE)
        total = self._first(_TOTAL)
        by_offset = {"limit", "offset"} <= self._said.keys()
        if total is None and by_offset:
            total = self._said.get("count")  # Medusa
        notes.total, notes.pages = total or 0, pages or 0
        notes.limit = self._said["limit"] if by_offset else 0
        notes.promised = 0 if notes.follows else notes.total

    def _first(self, names: frozenset[str]) -> int | None:
        return next((self._said[name] for name in self._said if name in names), None)


def says_pages(answer: Mapping[str, Any]) -> bool:
    """Whether an object has a member that tells of pages."""
    return not _OF_PAGES.isdisjoint(map(fold, answer))


def goes_on(headers: Mapping[str, str]) -> bool:
    """Whether the headers of an answer name a next page."""
    link = headers.get("link", "")
    pages = headers.get("x-wp-totalpages", headers.get("x-total-pages", ""))
    is_next = re.search(r";\s*rel\s*=\s*\"?(?:[\w\s]*\s)?next\b", link, re.IGNORECASE)
    return bool(is_next) or (pages.isdigit() and int(pages) > 1)


def page_size(url: str) -> int:
    """How many items the address asks for at most; 0 when it does not say."""
    parts = urlsplit(url)
    is_shopifys = parts.path.endswith("/products.json")
    for name, value in _pairs(parts.query):
        if _LIMIT.fullmatch(name) and value.isdigit():
            return min(int(value), _SHOPIFY_MOST) if is_shopifys else int(value)
    return _SHOPIFY_DEFAULT if is_shopifys else 0


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    try:
        yield from parse_qsl(query)
    except ValueError:
        return


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    text = str(value) if isinstance(value, (int, str)) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
