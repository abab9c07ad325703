"""What does an element of XML hold: elements, texts, something at a path?"""

from __future__ import annotations

from typing import Any

from notifier.connectors.reading.columns import fold


def holds_elements(child: Any) -> bool:
    return any(isinstance(grandchild.tag, str) for grandchild in child)


def without_halves(element: Any) -> Any:
    for child in element:
        try:
            "".join(child.itertext())
        except UnicodeDecodeError:
            child.clear()
    return element


def at_path(element: Any, path: str) -> str | None:
    """`a/b` below the item, `@id` of it, or `a/@id`, by local names."""
    here = element
    for step in path.split("/"):
        if step.startswith("@"):
            value = here.get(step[1:])
            return str(value) if value is not None else None
        wanted = fold(step)
        here = next((c for c in here if isinstance(c.tag, str) and fold(c.tag) == wanted), None)
        if here is None:
            return None
    return str(here.text) if here.text else None


def inside_of(element: Any) -> Any:
    """What stands in the children of an element of XML, or a list of their attributes."""
    children = [c for c in element if isinstance(c.tag, str)]
    if all(c.attrib and not (c.text or "").strip() and not len(c) for c in children):
        return [dict(c.attrib) for c in children]
    return texts_of(element)


def texts_of(element: Any) -> dict[str, str | None]:
    """What stands in the direct children, by their names."""
    return {c.tag.rpartition("}")[2]: c.text for c in element if isinstance(c.tag, str)}
