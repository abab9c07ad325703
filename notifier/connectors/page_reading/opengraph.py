"""What do a page's OpenGraph tags say about the product?

`product:*` is Meta's product vocabulary; `og:price:*` and `og:availability` are its older form,
still written by shop systems.
"""

from __future__ import annotations

from datetime import date

from notifier.connectors.page_reading.availability_words import read_words
from notifier.connectors.page_reading.document import Document
from notifier.connectors.page_reading.offered import Offered
from notifier.connectors.page_reading.page_values import read_day, read_price
from notifier.domain.availability import Availability


def read_opengraph(page: Document, *, today: date | None = None) -> Offered | None:
    """The product the page's head names, or None when it names none (a title alone is none)."""
    tags = _tags(page)
    words = [w for n in ("product:availability", "og:availability") for w in tags.get(n, [])]
    availability, problem = read_words(words)
    warnings = [problem] if problem else []
    price, currency = None, ""
    for name in ("product:sale_price", "product:price", "og:price"):
        text = _first(tags, f"{name}:amount")
        if text and price is None:
            price, currency, trouble = read_price(text, currency=_first(tags, f"{name}:currency"))
            warnings += [trouble] if trouble else []
    before, _, _ = read_price(_first(tags, "product:original_price:amount"), currency=currency)
    sku = _first(tags, "product:retailer_item_id", "product:sku", "product:mfr_part_no")
    if not words and price is None:
        return None
    starts = _first(tags, "product:availability_date", "og:availability_date")
    eta = read_day(starts) if starts and availability is not Availability.IN_STOCK else None
    url = page.resolve(_first(tags, "og:url"))
    return Offered(
        source="opengraph",
        sku=sku,
        ids=frozenset({sku} - {""}),
        group=_first(tags, "product:item_group_id"),
        title=_first(tags, "og:title"),
        urls=(url,) if url else (),
        image_url=page.resolve(_first(tags, "og:image:secure_url", "og:image")),
        availability=availability,
        stated=bool(words),
        has_offer=True,
        price=price,
        currency=currency,
        regular_price=before if before and price and before > price else None,
        eta=eta,
        warnings=tuple(warnings),
    )


def page_title(page: Document) -> str:
    """A title for a page whose markup names no product: og:title, the first heading, <title>."""
    first_heading = next((h for h in page.headings if h), "")
    return _first(_tags(page), "og:title") or first_heading or page.title


def page_image(page: Document) -> str:
    """og:image as a full address, or empty."""
    return page.resolve(_first(_tags(page), "og:image:secure_url", "og:image"))


def _tags(page: Document) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for meta in page.root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").strip().casefold()
        value = " ".join((meta.get("content") or "").split())
        if value and name.startswith(("og:", "product:")):
            tags.setdefault(name, []).append(value)
    return tags


def _first(tags: dict[str, list[str]], *names: str) -> str:
    return next((tags[n][0] for n in names if n in tags), "")
