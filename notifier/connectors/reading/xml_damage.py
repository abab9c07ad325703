"""Does what a parser forgave in an XML feed leave all of its items whole?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notifier.connectors.reading.records import Notes
from notifier.errors import LookFailed

# Damage that touches one text and not which items there are.
_HARMLESS = frozenset(
    [
        "ERR_INVALID_CHAR", "ERR_UNDECLARED_ENTITY", "ERR_ENTITYREF_SEMICOL_MISSING",
        "ERR_INVALID_ENCODING", "ERR_DOCUMENT_END", "ERR_RESERVED_XML_NAME",
        "NS_ERR_UNDEFINED_NAMESPACE", "NS_ERR_XML_NAMESPACE", "ERR_INVALID_CHARREF",
        "ERR_UNKNOWN_ENCODING",
    ]
)  # fmt: skip


def note_damage(log: Any, notes: Notes, *, read: int, count_items: Callable[[], int]) -> bool:
    """Note what the parser forgave. True for structural damage; then the look is incomplete.

    `read`: how many items it found; `count_items` finds them without it, which takes a while.
    """
    structural = False
    notes.flawless = notes.flawless and not len(log)
    for entry in log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            raise LookFailed(
                "too_deep", f"The feed is nested too deeply or has huge texts: {entry.message}."
            )
        if entry.level_name == "WARNING":
            continue
        harmless = entry.type_name in _HARMLESS or entry.message.startswith("xmlParseEntityRef")
        structural = structural or not harmless
        notes.warn(
            "the XML is not well-formed in places"
            if harmless
            else "the XML is damaged and was read leniently",
            _place(entry),
        )
    if len(log) and not structural:
        # the log is short, and what follows the end of the first document is not read
        structural = count_items() != read
        if structural:
            notes.warn("the XML is damaged in more places than can be told")
    notes.complete = notes.complete and not structural
    return structural


def _place(entry: Any) -> str:
    return f"line {entry.line}: {entry.message.strip()[:120]}"
