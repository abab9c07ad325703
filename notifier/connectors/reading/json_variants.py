"""Where in an item of JSON are its variants, and what wraps the item itself?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VARIANT_LISTS = (
    "variants", "variations", "offers", "skus", "children", "combinations", "variantsInfo",
)  # fmt: skip
_WRAPPED_IN = ("nodes", "items", "edges", "variants")
_MASTERS = ("masterVariant",)  # commercetools names the first variant apart


def node_of(element: Any) -> Any:
    """What an edge of GraphQL leads to, what commercetools shows now of what it keeps.

    Google's Merchant API keeps all but the id in `productAttributes`, before v1 in `attributes`;
    an item of several that were asked for at Mercado Libre is the body of an answer of its own.
    """
    if not isinstance(element, dict):
        return element
    for name in ("productAttributes", "attributes"):
        if "offerId" in element and isinstance(element.get(name), dict):
            return {"offerId": element["offerId"], **element[name]}
    if "code" in element and isinstance(element.get("body"), dict):
        return element["body"]
    kept = element.get("masterData")
    if isinstance(kept, dict) and isinstance(kept.get("current"), dict):
        return {"id": element.get("id"), **kept["current"]}
    return element.get("node", element)


def variants_of(product: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variants in whichever list they are, with one that stands beside the list."""
    listed: list[Any] = next(
        (v for n in VARIANT_LISTS if isinstance(v := member_of(product, n), list) and v), []
    )
    if not listed and lists_sellers(product):
        listed = product["items"]
    first = next((product[n] for n in _MASTERS if isinstance(product.get(n), dict)), None)
    variants = [v for v in map(node_of, listed) if isinstance(v, dict)]
    return [first, *variants] if first is not None else variants


def lists_sellers(product: Mapping[str, Any]) -> bool:
    """A product of VTEX, whose variants are `items` that name who sells them."""
    items = product.get("items")
    return isinstance(items, list) and any(isinstance(i, dict) and "sellers" in i for i in items)


def member_of(item: Mapping[str, Any], name: str) -> Any:
    """A list of variants may be wrapped: `{"variants": {"nodes": […]}}`."""
    value = item.get(name)
    if isinstance(value, dict):
        return next((value[n] for n in _WRAPPED_IN if value.get(n)), None)
    return value
