"""What does the feed of a large shop look like, before and after a few of its items changed?"""

from __future__ import annotations

import json
from pathlib import Path

CHANGES_EVERY = 1000
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Kettle &amp; Co</title><link>https://kettle.example</link>
<description>All that boils, pours and keeps warm</description>
"""
_ITEM = """<item><g:id>K-{n:07d}</g:id><g:item_group_id>G-{group:07d}</g:item_group_id>
<g:title>Stovetop kettle “Dawn” {group}, {colour}, 1.7 l</g:title>
<g:description>A kettle of brushed steel with a beech handle that stays cool, for gas, ceramic and \
induction hobs. It sings in two notes when the water boils. Made in Bristol since 1931.\
</g:description>
<g:link>https://kettle.example/kettle-{group}?colour={colour}</g:link>
<g:image_link>https://kettle.example/pictures/{group}-{colour}.jpg</g:image_link>
<g:availability>{availability}</g:availability><g:price>{price}.90 EUR</g:price>
<g:brand>Kettle &amp; Co</g:brand><g:gtin>40{n:011d}</g:gtin><g:mpn>D{n}</g:mpn>
<g:condition>new</g:condition><g:color>{colour}</g:color>
<g:google_product_category>736</g:google_product_category>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping></item>
"""
_TAIL = "</channel></rss>\n"
COLOURS = ("blue", "red", "black", "steel")


FORMS = ("xml", "csv", "jsonl")
_NAMES = (
    *("id", "item_group_id", "title", "description", "link", "image_link", "availability"),
    *("price", "brand", "gtin", "mpn", "condition", "color"),
)
_DESCRIPTION = "A kettle of brushed steel with a beech handle that stays cool, in every kitchen."


def write_feed(path: Path, items: int, *, later: bool = False, form: str = "xml") -> None:
    """A feed, four variants a product. `later`: every 1000th item is in stock again."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if form == "xml":
            file.write(_HEAD)
        elif form == "csv":
            file.write(",".join(_NAMES) + "\n")
        for n in range(items):
            sold_out = n % CHANGES_EVERY == 0 and not later
            word = "out_of_stock" if sold_out else "in_stock"
            file.write(_item(n, word) if form == "xml" else _row(n, word, form))
        if form == "xml":
            file.write(_TAIL)


def _item(n: int, availability: str) -> str:
    return _ITEM.format(
        n=n,
        group=n // len(COLOURS),
        colour=COLOURS[n % len(COLOURS)],
        price=20 + n % 80,
        availability=availability,
    )


def _row(n: int, availability: str, form: str) -> str:
    group, colour = n // len(COLOURS), COLOURS[n % len(COLOURS)]
    shop = "https://kettle.example"
    cells = (
        *(f"K-{n:07d}", f"G-{group:07d}", f"Stovetop kettle {group}, {colour}", _DESCRIPTION),
        *(f"{shop}/kettle-{group}?colour={colour}", f"{shop}/pictures/{group}-{colour}.jpg"),
        *(availability, f"{20 + n % 80}.90 EUR", "Kettle & Co", f"40{n:011d}", f"D{n}", "new"),
        colour,
    )
    if form == "jsonl":
        return json.dumps(dict(zip(_NAMES, cells, strict=True))) + "\n"
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells) + "\n"


def changed_items(items: int) -> int:
    """How many differ between the two."""
    return -(-items // CHANGES_EVERY)
