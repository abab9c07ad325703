"""What do the numbers mean by which feeds for price comparison sites tell availability?

Kelkoo numbers its words, Ceneo says within how many days it is sent, Heureka and Zboží the same or
from which day on it is sold. What is sent later may be ordered, but is not known to lie there. A
count beside such a number goes before it. Sources: the sites' feed specifications.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from notifier.connectors.reading.columns import Field
from notifier.domain.availability import Availability

Values = dict[Field, Any]
Folded = Mapping[str, str | None]

# One of these names is in every item that is spoken of here.
MARKS = frozenset(["merchantcategory", "deliverycost", "deliverydate", "avail"])
_OFFER_OF_KELKOO = frozenset(["offerid", "deliverycost"])
NOKAUT = "nokaut"
_KELKOO = {
    "1": Availability.IN_STOCK,
    "2": Availability.BACKORDER,  # stock on order
    "3": Availability.UNKNOWN,  # see the shop
    "4": Availability.PREORDER,
    "5": Availability.BACKORDER,  # available on order
    "6": Availability.OUT_OF_STOCK,
}
_CENEO = {
    "1": Availability.IN_STOCK,  # sent within a day
    "3": Availability.BACKORDER,
    "7": Availability.BACKORDER,
    "14": Availability.BACKORDER,
    "90": Availability.BACKORDER,  # on order
    "110": Availability.PREORDER,
}
_WHATEVER_IS_COUNTED = frozenset(["90", "110"])
_DAYS = re.compile(r"[1-9]\d{0,2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SAID = (Field.AVAILABILITY, Field.IN_STOCK, Field.QUANTITY)


def correct_codes(values: Values, item: Folded, *, tag: str, taken: Iterable[str] = ()) -> None:
    """Put a word in place of a number; `item` holds its texts by their folded names.

    `tag` is that of the item, of Nokaut that of the file, empty in a table. Nothing
    is done if the merchant has mapped the availability himself.
    """
    if Field.AVAILABILITY.value not in taken:
        _reader(item, tag)(values, item)


def _reader(item: Folded, tag: str) -> Callable[[Values, Folded], None]:
    is_of_kelkoo = "merchantcategory" in item or item.keys() >= _OFFER_OF_KELKOO
    if is_of_kelkoo and "availability" in item:
        return _kelkoo
    if tag == NOKAUT:
        return _nokaut
    if tag == "o" and "avail" in item:
        return _ceneo
    if tag == "shopitem" and "deliverydate" in item:
        return _heureka
    return _nothing


def _nothing(values: Values, item: Folded) -> None:
    return


def _kelkoo(values: Values, item: Folded) -> None:
    said = (item["availability"] or "").strip()
    values[Field.AVAILABILITY] = _KELKOO.get(said, said)


def _ceneo(values: Values, item: Folded) -> None:
    said = (item["avail"] or "").strip()
    count = str(values.get(Field.QUANTITY, "")).strip()
    is_there = count.isascii() and count.isdigit() and int(count[:9]) > 0
    is_none = bool(count) and not is_there
    if said in _WHATEVER_IS_COUNTED or not count or (is_none and said not in ("", "1")):
        found = _CENEO.get(said)
        if found is not None:
            values[Field.AVAILABILITY] = found


def _nokaut(values: Values, item: Folded) -> None:
    """Its number says how soon it is sent, not how many there are: `instock` counts."""
    if (item.get("availability") or "").strip().isdigit():
        values.pop(Field.AVAILABILITY, None)
    if (item.get("instock") or "").strip().isdigit():
        values[Field.QUANTITY] = values.pop(Field.IN_STOCK)


def _heureka(values: Values, item: Folded) -> None:
    said = (item["deliverydate"] or "").strip()
    if any(values.get(field) not in (None, "") for field in _SAID):
        return
    if said == "0":
        values[Field.AVAILABILITY] = Availability.IN_STOCK
    elif _DAYS.fullmatch(said):
        values[Field.AVAILABILITY] = Availability.BACKORDER
    elif _DAY.fullmatch(said):
        values[Field.AVAILABILITY] = Availability.PREORDER
        values.setdefault(Field.ETA, said)
