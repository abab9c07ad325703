"""How many segments does an SMS take, and which characters make it dear?

A text of GSM-7 characters holds 160 in one segment, 153 in each of several; one character outside
(a curly apostrophe is enough) turns all of it to UCS-2: 70 and 67. Source: 3GPP TS 23.038 (the
alphabet) and TS 23.040 (the six-octet header of joined messages).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Encoding", "Segments", "count_segments", "measure", "outside_gsm7", "smarten"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")  # two units each: an escape and a character

# What word processors write and phones do not need. Letters with accents stay as they are.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\u0060\u02b9\u2035", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2036\u301d\u301e", '"'),
        **dict.fromkeys("\u2039", "<"),
        **dict.fromkeys("\u203a", ">"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008", " "),
        **dict.fromkeys("\u2009\u200a\u202f\u205f\u3000\t\v", " "),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
        **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
        **dict.fromkeys("\u2022\u00b7\u2219\u25cf\u2023", "*"),
        "\u2026": "...",
        "\u2024": ".",
        "\u2025": "..",
        "\u2044": "/",
        "\u00d7": "x",
        "\u2122": "(TM)",
        "\u00ae": "(R)",
        "\u00a9": "(C)",
    }
)


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What one text costs: `units` are septets (GSM-7) or 16-bit words (UCS-2)."""

    encoding: Encoding
    units: int
    count: int


def count_segments(text: str) -> int:
    """How many SMS this text is paid as. An empty text is none."""
    return measure(text).count


def measure(text: str) -> Segments:
    """Count as the networks do. A pair (escape, surrogate) is never split over two segments."""
    encoding = Encoding.UCS2 if outside_gsm7(text) else Encoding.GSM7
    if encoding is Encoding.GSM7:
        sizes = [2 if one in _ESCAPED else 1 for one in text]
    else:
        sizes = [2 if ord(one) > 0xFFFF else 1 for one in text]
    alone, joined = _ROOM[encoding]
    units = sum(sizes)
    if units <= alone:
        return Segments(encoding=encoding, units=units, count=1 if units else 0)
    return Segments(encoding=encoding, units=units, count=_packed(sizes, room=joined))


def outside_gsm7(text: str) -> tuple[str, ...]:
    """The characters that make this text UCS-2, each once, in their order. Empty: GSM-7 will do."""
    return tuple(dict.fromkeys(one for one in text if one not in _BASIC and one not in _ESCAPED))


def smarten(text: str) -> str:
    """The same text with plain quotes, dashes and blanks, so that it may fit GSM-7.

    Letters, emoji and other signs that carry meaning stay. Control characters and halves of
    characters go, and letters written as letter plus accent become one character.
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).translate(_PLAIN)
    kept = (one for one in plain if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs"))
    return "".join(kept)


def _packed(sizes: Iterable[int], *, room: int) -> int:
    count, left = 1, room
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count
