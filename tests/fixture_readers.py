"""How does each connector read one collected file, and what do the answers given in words mean?

`READERS` has one function for each word in the `connector` column of EXPECTED.jsonl: path in,
observations out, LookFailed for what must not be believed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifier.connectors.feed import Settings, Source
from notifier.domain.observation import Observation
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
