"""How does each connector read one collected file, and what do the answers given in words mean?

`READERS` has one function for each word in the `connector` column of EXPECTED.jsonl: path in,
observations out, LookFailed for what must not be believed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifier.connectors.feed import Settings, Source
from notifier.connectors.shop_hooks import shopify, woocommerce
from notifier.domain.observation import Observation
from notifier.domain.shop_news import ShopNews
from notifier.errors import LookFailed
from notifier.services.hear_system import is_signed
from tests.page_rules import read_page_file

Reader = Callable[[Path], list[Observation]]

# The sale in this file ran in August 2025; its answer is the price while it ran.
CLOCKS = {"metacatalog/tnd_decimal_comma_bom.csv": datetime(2025, 8, 10, tzinfo=UTC)}
NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


def read_feed_file(path: Path, *, now: datetime | None = None) -> list[Observation]:
    """What the feed connector makes of the file with nothing but its path set."""
    at = now or CLOCKS.get(f"{path.parent.name}/{path.name}", NOW)
    source = Source(Settings(path=str(path)), clock=lambda: at)
    return list(source.look({}).observations)


# Which of Shopify's topics a file is: there are no headers beside it.
TOPICS = {
    "webhook_inventory_levels_disconnect.json": "inventory_levels/disconnect",
    "webhook_inventory_levels_update_null.json": "inventory_levels/update",
    "webhook_products_update.json": "products/update",
}
SECRET = "shh"  # signs the deliveries of WooCommerce


def is_hook(path: str) -> bool:
    """Whether this is the body of a webhook."""
    folder, _, name = path.rpartition("/")
    of_woo = folder == "woocommerce" and name.startswith("hook_") and name.endswith(".json")
    return of_woo or (folder == "shopify" and name in TOPICS)


def headers_of(path: Path) -> dict[str, str]:
    """What came with a delivery of WooCommerce."""
    lines = path.with_suffix(".headers").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def news_in(path: Path) -> ShopNews:
    """What the delivery says. Raises LookFailed for one whose signature is not right."""
    body = path.read_bytes()
    said: dict[str, Any] = {"at": None, "site": "", "currency": "", "now": NOW}
    if path.name in TOPICS:
        return shopify.read_hook(TOPICS[path.name], json.loads(body), **said)
    headers = headers_of(path)
    if not is_signed([SECRET], body, signature=headers["X-WC-Webhook-Signature"]):
        raise LookFailed("not_signed", f"{path.name} is not signed with {SECRET!r}.")
    return woocommerce.read_hook(headers["X-WC-Webhook-Topic"], json.loads(body), **said)


def read_hook_file(path: Path) -> list[Observation]:
    """The variants that a delivery tells of."""
    return list(news_in(path).seen)


READERS: dict[str, Reader] = {
    "googlefeed": read_feed_file,
    "metacatalog": read_feed_file,
    "openai": read_feed_file,
    "csv": read_feed_file,
    "jsonld": read_page_file,
    "microdata": read_page_file,
    "html": read_page_file,
}

# Answers that EXPECTED.jsonl gives as a sentence, as items.
IN_WORDS: dict[str, list[dict[str, Any]]] = {
    "googlefeed/erp_ac_tiktok_skuid.xml": [
        {"sku": "932fb8be-bab8-404b-b58a-ba6688b63ce0", "availability": "in_stock"}
    ],
    "metacatalog/jollyes_sample.csv": [
        {
            "sku": sku,
            "availability": "in_stock",
            "quantity": 75,
            "price": "10.00",
            "currency": "USD",
        }
        for sku in ("0", "1", "2")
    ],
    "metacatalog/tnd_decimal_comma_bom.csv": [
        {"sku": "7", "availability": "in_stock", "price": "29.00", "currency": "TND"},
        {"sku": "SKU12345", "availability": "in_stock", "price": "14.99"},
    ],
}
