"""How does one read a schema.org node, whoever wrote it?

JSON-LD and microdata both come here as plain dictionaries: `@type` plus properties, each a value
or a list of values. Names may carry a prefix (`schema:price`, `http://schema.org/price`), values
may be wrapped (`{"@value": …}`, `{"@id": …}`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

Node = Mapping[str, Any]

# Names that are read somewhere; Wix writes them with a capital, others `SKU` and `URL`.
_READ = (
    "name", "url", "sku", "mpn", "gtin", "gtin8", "gtin12", "gtin13", "gtin14", "isbn",
    "productID", "identifier", "productGroupID", "inProductGroupWithID", "hasVariant",
    "isVariantOf", "image", "contentUrl", "color", "size", "material", "pattern", "offers",
    "offerCount", "availability", "availabilityStarts", "itemCondition", "itemOffered",
    "price", "lowPrice", "highPrice", "minPrice", "priceCurrency", "priceSpecification",
    "priceType", "validFrom", "inventoryLevel", "value", "minValue", "eligibleQuantity",
    "mainEntity", "mainEntityOfPage",
    "itemListElement",
)  # fmt: skip
_NAMES = {name.casefold(): name for name in _READ}
MAX_DEPTH = 64
MAX_NODES = 50_000


def plain_name(name: str) -> str:
    """`http://schema.org/offers`, `schema:offers`, `Offers` and `offers` are one name."""
    if name.startswith("@"):
        return name
    tail = name.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
    bare = tail.rsplit(":", 1)[-1]
    return _NAMES.get(bare.casefold(), bare)


def plain(value: Any, *, depth: int = 0) -> Any:
    """The same value with plain property names, cut at MAX_DEPTH."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {
            plain_name(k): plain(v, depth=depth + 1) for k, v in value.items() if isinstance(k, str)
        }
    if isinstance(value, list):
        return [plain(v, depth=depth + 1) for v in value]
    return value


def values_of(node: Node, name: str) -> list[Any]:
    """The values of one property as a flat list, without None."""
    return list(flat(node.get(name)))


def flat(value: Any, *, depth: int = 0) -> Iterator[Any]:
    """What is in a value that may be a list, of lists, or a JSON-LD container of one."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from flat(item, depth=depth + 1)
    elif isinstance(value, Mapping) and value and all(name.isdigit() for name in value):
        yield from flat(list(value.values()), depth=depth + 1)  # a list of PHP with gaps
    elif isinstance(value, Mapping) and "@list" in value:
        yield from flat(value["@list"], depth=depth + 1)
    elif isinstance(value, Mapping) and "@graph" in value and len(value) <= 2:
        yield from flat(value["@graph"], depth=depth + 1)
    elif value is not None:
        yield value


def nodes_of(node: Node, name: str) -> list[Node]:
    """The values of one property that are nodes."""
    return [v for v in values_of(node, name) if isinstance(v, Mapping)]


def text_value(value: Any) -> str:
    """A value as text: strings, numbers, `@value`, `@id`, `name`, `url`. Empty when it is none."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, (int, Decimal)):
        return number_text(value)
    if isinstance(value, Mapping):
        for key in ("@value", "value", "name", "@id", "url", "contentUrl"):
            found = value.get(key)
            if found is not None and not isinstance(found, (Mapping, list)):
                return text_value(found)
    return ""


def number_text(value: int | Decimal) -> str:
    """A number as one writes it, without exponent; empty for absurd ones."""
    if isinstance(value, Decimal) and (not value.is_finite() or abs(value.adjusted()) > 30):
        return ""
    if isinstance(value, int) and abs(value) >= 10**30:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def first_text(node: Node, *names: str) -> str:
    """The first non-empty text among the named properties."""
    for name in names:
        for value in values_of(node, name):
            if found := text_value(value):
                return found
    return ""


def types_of(node: Node) -> frozenset[str]:
    """The node's types, folded: `https://schema.org/Product` → `product`."""
    return frozenset(
        plain_name(t.strip()).casefold() for t in values_of(node, "@type") if isinstance(t, str)
    )
