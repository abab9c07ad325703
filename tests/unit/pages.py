"""How does a test read a product page that it writes itself?"""

from __future__ import annotations

import json
from typing import Any

from notifier.connectors.base import WatchedVariant
from notifier.connectors.page_reading.reading import PageReading, read_page
from notifier.domain.observation import Observation

URL = "https://kettle.example/products/mug"
OFFER = {"@type": "Offer", "price": "12.50", "priceCurrency": "EUR"}


def page(*blocks: Any, body: str = "", head: str = "") -> bytes:
    scripts = "".join(
        f'<script type="application/ld+json">{b if isinstance(b, str) else json.dumps(b)}</script>'
        for b in blocks
    )
    return f"<html><head>{head}{scripts}</head><body>{body}</body></html>".encode()


def product(**more: Any) -> dict[str, Any]:
    offer = {**OFFER, "availability": "https://schema.org/InStock"}
    return {"@type": "Product", "name": "Mug", "sku": "MUG", "offers": offer, **more}


def read(body: bytes, *skus: str, **more: Any) -> PageReading:
    wanted = tuple(WatchedVariant(key=f"v-{sku}", sku=sku, url=URL) for sku in skus)
    return read_page(body, url=URL, wanted=wanted, **more)


def only(reading: PageReading) -> Observation:
    assert len(reading.observations) == 1, reading
    return reading.observations[0]
