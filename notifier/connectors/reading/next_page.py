"""Which shop's API gives its goods page by page, and where is the page after this one?

Only what is known for certain is turned: a `Link: rel="next"` (RFC 8288; Shopify's Admin API),
WordPress with its X-WP-TotalPages (WooCommerce, REST and Store API), Shopify's public
products.json, Magento's searchCriteria, BigCommerce's v3, and `offset` with Medusa, Ecwid and
commercetools. Sources: the systems' API references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus, urljoin, urlsplit

HEAD = 64 * 1024  # bytes of a page by which its kind is known

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next[\s\"]|next\b)", re.IGNORECASE)
_PRODUCTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"products\"\s*:\s*\[")
_BIGCOMMERCE = re.compile(r"/stores/[^/]+/v3/")
_MEDUSA = re.compile(r".*/(?:admin|store)/(?:products|product-variants|inventory-items)/?")
_ECWID = re.compile(r"/api/v3/\d+/products/?")
_COMMERCETOOLS = re.compile(r"/[^/]+/(?:inventory|products|product-projections(?:/search)?)/?")
_MAGENTO_PAGE = ("searchCriteria[currentPage]", "searchCriteria[current_page]")
_MAGENTO_SIZE = ("searchCriteria[pageSize]", "searchCriteria[page_size]")
_PAGE = ("page", *_MAGENTO_PAGE)
_PLACE = ("offset", "page_info", "cursor")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRead:
    """What one page said. `number`: 1 is the first; `asked` and `answered` are addresses.

    `listed`: items on it; `total`, `pages`: items and pages that there are, `limit`: items a page
    at most, each 0 if it does not say.
    """

    number: int
    asked: str
    answered: str
    headers: Mapping[str, str]
    listed: int
    total: int
    pages: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """How the pages of one kind of API are turned.

    `following` gives the address of the next page, empty after the last. `begins`: how the body
    of every page begins, where an empty one ends the list.
    """

    following: Callable[[PageRead], str]
    begins: re.Pattern[bytes] | None = None


def find_turning(url: str, headers: Mapping[str, str], head: bytes) -> Turning | None:
    """How to turn the answer of `url`; None where it is no page of a kind that is known.

    An address that asks for a later page itself is not turned: it is what the merchant wants.
    """
    if _names_a_place(url):
        return None
    path = urlsplit(url).path
    if _number(headers.get("x-wp-totalpages", "")) > 1 and _is_wordpress(url):
        return _WORDPRESS
    if _link_next(headers):
        return _BY_LINK
    if "/admin/" not in path and path.endswith("/products.json") and _is_shopifys(head):
        return _SHOPIFY
    if _number(_value(url, _MAGENTO_SIZE)):
        return _MAGENTO
    if _goes_by_offset(url):
        return _BY_OFFSET
    return _BIG if _BIGCOMMERCE.match(path) else None


def said_total(page: PageRead) -> int:
    """How many items there are on all pages; 0 where the page does not say."""
    return _number(page.headers.get("x-wp-total", "")) or page.total


def _by_link(page: PageRead) -> str:
    link = _link_next(page.headers)
    try:
        return urljoin(page.answered, link) if link else ""
    except ValueError:
        return link  # it is no address of this shop


def _by_wordpress(page: PageRead) -> str:
    is_more = page.number < _number(page.headers.get("x-wp-totalpages", ""))
    return _with(page.asked, "page", page.number + 1) if is_more else ""


def _by_emptiness(page: PageRead) -> str:
    return _with(page.asked, "page", page.number + 1) if page.listed else ""


def _by_total(page: PageRead) -> str:
    # past the last page Magento repeats it
    size = _number(_value(page.asked, _MAGENTO_SIZE))
    is_more = page.listed and page.number * size < page.total
    return _with(page.asked, _MAGENTO_PAGE[0], page.number + 1) if is_more else ""


def _by_offset(page: PageRead) -> str:
    # what the answer says, for a limit that is too high is lowered
    after = _number(_value(page.asked, ("offset",))) + page.limit
    is_more = page.limit and page.listed and after < page.total
    return _with(page.asked, "offset", after) if is_more else ""


def _by_pages(page: PageRead) -> str:
    return _with(page.asked, "page", page.number + 1) if page.number < page.pages else ""


_BY_LINK = Turning(following=_by_link)
_WORDPRESS = Turning(following=_by_wordpress)
_SHOPIFY = Turning(following=_by_emptiness, begins=_PRODUCTS)
_MAGENTO = Turning(following=_by_total)
_BIG = Turning(following=_by_pages)
_BY_OFFSET = Turning(following=_by_offset)


def _is_wordpress(url: str) -> bool:
    return "/wp-json/" in urlsplit(url).path or bool(_value(url, ("rest_route",)))


def _goes_by_offset(url: str) -> bool:
    parts = urlsplit(url)
    if (parts.hostname or "").endswith(".commercetools.com"):
        return bool(_COMMERCETOOLS.fullmatch(parts.path))
    return bool(_MEDUSA.fullmatch(parts.path) or _ECWID.fullmatch(parts.path))


def _is_shopifys(head: bytes) -> bool:
    return bool(_PRODUCTS.match(head)) and b'"handle"' in head and b'"variants"' in head


def _names_a_place(url: str) -> bool:
    return _value(url, _PAGE) not in ("", "1") or _value(url, _PLACE) not in ("", "0")


def _link_next(headers: Mapping[str, str]) -> str:
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _REL_NEXT.search(parameters):
            return str(target).strip()
    return ""


def _value(url: str, names: tuple[str, ...]) -> str:
    return next((value for name, value, _ in _pairs(url) if name in names), "")


def _with(url: str, name: str, value: int) -> str:
    """`url` with this parameter; the others stay as they are written."""
    same = _MAGENTO_PAGE if name in _MAGENTO_PAGE else (name,)
    kept = [written for other, _, written in _pairs(url) if other not in same]
    parts = urlsplit(url)
    return parts._replace(query="&".join([*kept, f"{quote(name)}={value}"])).geturl()


def _pairs(url: str) -> Iterator[tuple[str, str, str]]:
    """Name, value and how they are written of each parameter."""
    for written in filter(None, urlsplit(url).query.split("&")):
        name, _, value = written.partition("=")
        yield unquote_plus(name), unquote_plus(value), written


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
