"""Which schema.org nodes are in a page's microdata?

Follows HTML's microdata chapter (itemscope, itemprop, itemref), and what shops do beside it:
itemtypes without a scheme, a `content` attribute on any element, availability in a <link>, and
offers that stand beside their product instead of inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notifier.connectors.page_reading.document import Document, Element, squeeze, text_of
from notifier.connectors.page_reading.schema_nodes import Node, plain_name, types_of
from notifier.connectors.page_reading.shop_themes import theme_word

MAX_ITEMS = 5_000
MAX_TEXT = 2_000

_URL_ATTRIBUTES = {
    "a": "href", "area": "href", "link": "href", "audio": "src", "embed": "src", "iframe": "src",
    "img": "src", "source": "src", "track": "src", "video": "src", "object": "data",
    "data": "value", "meter": "value", "time": "datetime",
}  # fmt: skip


def read_microdata(page: Document) -> list[Node]:
    """All top-level items as nodes; an offer item that lies inside a product's element joins it."""
    scopes = [e for e in page.root.iter() if isinstance(e.tag, str) and _is_scope(e)][:MAX_ITEMS]
    if not scopes:
        return []
    nodes: dict[Any, dict[str, Any]] = {scope: _new_node(scope) for scope in scopes}
    ids = {e.get("id"): e for e in page.root.iter() if isinstance(e.tag, str) and e.get("id")}
    for scope, node in nodes.items():
        for element in _property_elements(scope, ids=ids):
            value = nodes.get(element) if _is_scope(element) else _value(element)
            if value is None or value is node:
                continue
            for name in element.get("itemprop", "").split():
                node.setdefault(plain_name(name), []).append(value)
    tops = [s for s in scopes if not s.get("itemprop")]
    return [nodes[s] for s in tops if not _joins_product(s, nodes=nodes)]


def _is_scope(element: Element) -> bool:
    return element.get("itemscope") is not None


def _new_node(scope: Element) -> dict[str, Any]:
    node: dict[str, Any] = {"@type": (scope.get("itemtype") or "").split()}
    if scope.get("itemid"):
        node["@id"] = scope.get("itemid").strip()
    return node


def _property_elements(scope: Element, *, ids: dict[str, Element]) -> Iterator[Element]:
    """The elements with an itemprop that belong to this scope and not to one inside it."""
    pending: list[Element] = [*reversed(scope)]
    pending.extend(ids[i] for i in (scope.get("itemref") or "").split()[:50] if i in ids)
    seen: set[Element] = {scope}
    while pending:
        element = pending.pop()
        if element in seen or not isinstance(element.tag, str):
            continue
        seen.add(element)
        if element.get("itemprop"):
            yield element
        if not _is_scope(element):
            pending.extend(reversed(element))


def _value(element: Element) -> str:
    if element.get("itemprop") == "availability" and (meant := theme_word(element)):
        return meant
    for attribute in ("content", _URL_ATTRIBUTES.get(element.tag, "")):
        if attribute and element.get(attribute) is not None:
            return squeeze(element.get(attribute))
    text = squeeze(text_of(element))[:MAX_TEXT]
    # <meta href> and <span href> are no links, but shops write them
    return text or squeeze(element.get("href") or "")


def _joins_product(scope: Element, *, nodes: dict[Any, dict[str, Any]]) -> bool:
    """An Offer without itemprop inside a Product's element: take it as that product's offer.

    Seen at a console maker's shop: price and availability in two offers beside each other.
    """
    if not types_of(nodes[scope]) & {"offer", "aggregateoffer"}:
        return False
    for above in scope.iterancestors():
        if _is_scope(above):
            product = nodes.get(above)
            if product is None or "product" not in types_of(product):
                return False
            if product.get("offers") and not product.get("_beside"):
                return False
            _merge_offer(product, nodes[scope])
            return True
    return False


def _merge_offer(product: dict[str, Any], offer: dict[str, Any]) -> None:
    product["_beside"] = True
    merged = product.setdefault("offers", [{"@type": ["Offer"]}])[0]
    for name, values in offer.items():
        if name not in ("@type", "@id"):
            merged.setdefault(name, []).extend(values)
