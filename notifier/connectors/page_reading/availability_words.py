"""Which availability do several words from one offer mean together?"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

from notifier.connectors.page_reading.schema_nodes import text_value, values_of
from notifier.domain.availability import Availability, read_availability

# Meta's crawler knows `oos`; JSON-LD may carry a compact IRI such as `schema:InStock`.
_EXTRA = {"oos": Availability.OUT_OF_STOCK}
_PREFIXES = ("schema:", "s:", "sdo:")
_WRAPPED = ("@id", "url", "@value", "value", "name", "availability")
_BUYABLE_RANK = (Availability.PREORDER, Availability.BACKORDER, Availability.IN_STOCK)


def availability_word(value: Any) -> str:
    """The word in one value of `availability`, whichever way it is wrapped.

    An object may carry it as its id, its name or its type: `{"@type": "InStock"}`. A yes or no in
    a block of JSON is meant as one.
    """
    if isinstance(value, bool):
        return str(value)
    if not isinstance(value, Mapping):
        return html.unescape(text_value(value))
    wrapped = [text_value(value.get(name)) for name in _WRAPPED]
    types = [t for t in values_of(value, "@type") if isinstance(t, str)]
    said = [word for word in (*wrapped, *types) if word]
    known = (word for word in said if read_word(word) is not Availability.UNKNOWN)
    return next(known, said[0] if said else "")


def read_word(word: str) -> Availability:
    """Our word for one value of schema.org's `availability` or of `product:availability`."""
    cleaned = word.strip()
    for prefix in _PREFIXES:
        cleaned = cleaned.removeprefix(prefix)
    folded = cleaned.casefold()
    # A bare number or letter is no availability on a page, however a feed would read it.
    if len(folded) < 2 and not folded.isalpha():
        return Availability.UNKNOWN
    return _EXTRA.get(folded) or read_availability(cleaned)


def read_words(words: Iterable[str]) -> tuple[Availability, str]:
    """One answer for all words of one offer, and a warning when they cannot be reconciled.

    "In stock" beside "in store only" is out of stock for a customer at home; "out of stock" beside
    "back order" or "pre-order" can be ordered; "in stock" beside "out of stock" says nothing.
    """
    given = [w for w in words if w.strip()]
    meanings = {read_word(w) for w in given} - {Availability.UNKNOWN}
    if not meanings:
        unread = f"the availability {given[0]!r} is no word we know" if given else ""
        return Availability.UNKNOWN, unread
    if len(meanings) == 1:
        return meanings.pop(), ""
    if any("storeonly" in w.casefold().replace(" ", "") for w in given):
        return Availability.OUT_OF_STOCK, ""
    if Availability.DISCONTINUED in meanings:
        return Availability.DISCONTINUED, ""
    for buyable in _BUYABLE_RANK[:2]:
        if buyable in meanings:
            return buyable, ""
    shown = ", ".join(repr(w) for w in given[:4])
    return Availability.UNKNOWN, f"the availability is given in contradicting words: {shown}"
