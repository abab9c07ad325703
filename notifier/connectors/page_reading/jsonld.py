"""Which schema.org nodes are in a page's JSON-LD blocks?"""

from __future__ import annotations

from collections.abc import Mapping

from notifier.connectors.page_reading.document import Document, Element
from notifier.connectors.page_reading.json_repair import read_json_values
from notifier.connectors.page_reading.schema_nodes import Node, flat, plain

MAX_BLOCKS = 200


def read_jsonld(page: Document) -> tuple[list[Node], list[str]]:
    """All top-level nodes of all blocks, and a warning for each block that could not be read."""
    nodes: list[Node] = []
    warnings: list[str] = []
    for number, script in enumerate(_scripts(page)[:MAX_BLOCKS], start=1):
        values, problem = read_json_values("".join(script.itertext()))
        if problem:
            warnings.append(f"JSON-LD block {number}: {problem}")
        for value in values:
            nodes.extend(plain(top) for top in flat(value) if isinstance(top, Mapping))
    return nodes, warnings


def _scripts(page: Document) -> list[Element]:
    return [
        s
        for s in page.root.iter("script")
        if (s.get("type") or "").strip().casefold().startswith("application/ld+json")
    ]
