"""What is left of a text that somebody wrote when it must be one line and nothing but text?"""

from __future__ import annotations

import unicodedata

__all__ = ["one_line"]

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def one_line(text: str) -> str:
    """`text` without line breaks, control and bidi-control characters (trust EM-12).

    Each run of them becomes one space. Joiners inside emoji and scripts stay.
    """
    if text.isprintable():
        return text
    kept = "".join(" " if _is_control(char) else char for char in text)
    return " ".join(kept.split())


def _is_control(char: str) -> bool:
    return char in _BIDI_CONTROLS or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
