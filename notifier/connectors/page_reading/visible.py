"""Can a shopper see and use this element?

Only what the page's own HTML says: inline styles and attributes, on the element or around it.
Style sheets are not read; a rule can exclude a class with `:not(.hidden)`.
"""

from __future__ import annotations

import re

from notifier.connectors.page_reading.document import Element, squeeze

MAX_TEXT = 100_000

_NEVER_SHOWN = frozenset({"script", "style", "template", "noscript", "head", "datalist", "meta"})
_HIDING_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE
)


def is_visible(element: Element) -> bool:
    """False inside anything hidden: `hidden`, aria-hidden, display:none, <template>, …"""
    if element.tag == "input" and (element.get("type") or "").strip().casefold() == "hidden":
        return False
    return not (_is_hidden(element) or any(_is_hidden(above) for above in element.iterancestors()))


def is_enabled(element: Element) -> bool:
    """False for a disabled control, for one in a disabled fieldset, and for aria-disabled."""
    if _is_disabled(element):
        return False
    return not any(_is_disabled(above) for above in element.iterancestors())


def visible_text(element: Element) -> str:
    """What a shopper reads in an element, at most MAX_TEXT characters, blanks squeezed.

    A control without text of its own is read by its value, label or title.
    """
    parts: list[str] = []
    length = 0
    pending: list[Element | str] = [element]
    while pending and length < MAX_TEXT:
        item = pending.pop()
        if isinstance(item, str):
            parts.append(item)
            length += len(item)
            continue
        if not isinstance(item.tag, str) or _is_hidden(item):
            continue
        for child in reversed(item):
            pending.append(child.tail or "")
            pending.append(child)
        # Blocks end words: <li>a</li><li>b</li> reads as two.
        parts.append(" " if item.tag not in ("span", "b", "i", "em", "strong", "a") else "")
        pending.append(item.text or "")
    text = squeeze("".join(parts)[:MAX_TEXT])
    if text:
        return text
    labels = (element.get(name) for name in ("value", "aria-label", "title", "alt"))
    return squeeze(next((label for label in labels if label), ""))


def _is_hidden(element: Element) -> bool:
    return (
        element.tag in _NEVER_SHOWN
        or element.get("hidden") is not None
        or (element.get("aria-hidden") or "").strip().casefold() == "true"
        or bool(_HIDING_STYLE.search(element.get("style") or ""))
    )


def _is_disabled(element: Element) -> bool:
    if (element.get("aria-disabled") or "").strip().casefold() == "true":
        return True
    controls = ("button", "input", "select", "option", "fieldset", "textarea")
    return element.tag in controls and element.get("disabled") is not None
