"""Which schema.org nodes are in a page's RDFa?

RDFa Lite (W3C): `typeof` opens a node, `property` names what it says, in `content`, an address or
the text. `rel` stands for `property` in older pages. Prefixes are not resolved: `schema:offers`,
`offers` and the full address are one name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from notifier.connectors.page_reading.document import Document, Element, squeeze, text_of
from notifier.connectors.page_reading.schema_nodes import Node, plain_name

MAX_NODES = 5_000
MAX_TEXT = 2_000


def read_rdfa(page: Document) -> list[Node]:
    """All nodes that are not the value of another one's property."""
    opened = [e for e in page.root.iter() if isinstance(e.tag, str) and e.get("typeof")]
    nodes: dict[Any, dict[str, Any]] = {
        e: {"@type": e.get("typeof").split()} for e in opened[:MAX_NODES]
    }
    for element, node in nodes.items():
        named = element.get("resource") or element.get("about")
        if named:
            node["@id"] = named.strip()
        for said in _property_elements(element):
            value = nodes.get(said) if said.get("typeof") else _value(said)
            if value:
                for name in _names(said):
                    node.setdefault(plain_name(name), []).append(value)
    return [node for element, node in nodes.items() if not _names(element)]


def _names(element: Element) -> list[str]:
    names: list[str] = (element.get("property") or "").split()
    if not names and element.get("typeof"):
        names = (element.get("rel") or "").split()
    return names


def _property_elements(scope: Element) -> Iterator[Element]:
    """The elements with a property that belong to this node and not to one inside it."""
    pending: list[Element] = [*reversed(scope)]
    while pending:
        element = pending.pop()
        if not isinstance(element.tag, str):
            continue
        if _names(element):
            yield element
        if not element.get("typeof"):
            pending.extend(reversed(element))


def _value(element: Element) -> str:
    for attribute in ("content", "resource", "href", "src", "datetime"):
        if element.get(attribute) is not None:
            return squeeze(element.get(attribute))
    return squeeze(text_of(element))[:MAX_TEXT]
