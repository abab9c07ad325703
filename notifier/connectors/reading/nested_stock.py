"""What does an item say whose stock is an object of its own?

SAP has `stock: {stockLevel, stockLevelStatus}`, Salesforce `inventory: {ats, orderable}`,
BigCommerce `inventory: {isInStock, aggregated: {availableToSell}}`, commercetools
`availability: {isOnStock, availableQuantity}`, Squarespace `stock: {quantity, unlimited}`. Inside
such an object the names mean what they mean in an item, and `amount` is an amount of stock. A list
of objects names places (Kaspi: `availabilities`): what is sold is the sum over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifier.connectors.reading.columns import Field, Wanted, fold
from notifier.domain.availability import Availability, read_availability

STOCK_FIELDS = (Field.AVAILABILITY, Field.IN_STOCK, Field.QUANTITY)
_ALSO = (Field.TRACKED, Field.BACKORDERS, Field.ETA)
_INSIDE = {
    Field.AVAILABILITY: ("status", "code", "value"),
    Field.IN_STOCK: ("status", "code", "value"),
    Field.QUANTITY: ("amount", "level", "value"),
}
_NOT_COUNTED = frozenset(["unlimited", "isunlimited", "infinite", "perpetual"])
_WORST = 1_000
_MAX_DEPTH = 3


def unfold_stock(values: dict[Field, Any], *, wanted: Wanted) -> None:
    """Put what is inside of objects in their place; what is beside them goes before."""
    for field in STOCK_FIELDS:
        inner = values.get(field)
        places: list[Any] = inner if isinstance(inner, list) else [inner]
        if not all(isinstance(place, Mapping) for place in places):
            continue
        del values[field]
        read = [_read(place, field, wanted=wanted, depth=0) for place in places]
        for found, value in (_sum(read) if isinstance(inner, list) else read[0]).items():
            values.setdefault(found, value)


def _sum(places: Sequence[Mapping[Field, Any]]) -> dict[Field, Any]:
    """Nothing is said where one place does not say and no other has some."""
    counts = [str(place.get(Field.QUANTITY, "")).strip() for place in places]
    words = [place.get(Field.AVAILABILITY, place.get(Field.IN_STOCK)) for place in places]
    said = {read_availability(word) for word in words}
    together: dict[Field, Any] = {}
    if counts and all(count.isascii() and count.isdigit() and len(count) < 10 for count in counts):
        together[Field.QUANTITY] = sum(map(int, counts))
    if Availability.IN_STOCK in said:
        together[Field.AVAILABILITY] = Availability.IN_STOCK
    elif len(said) == 1 and Availability.UNKNOWN not in said:
        together[Field.AVAILABILITY] = said.pop()
    return together


def _read(
    stock: Mapping[str, Any], under: Field, *, wanted: Wanted, depth: int
) -> dict[Field, Any]:
    found: dict[Field, Any] = {}
    ranks: dict[Field, int] = {}
    deeper: list[dict[Field, Any]] = []
    for name, value in stock.items():
        folded = fold(name)
        fields = [(f, rank) for f, rank in wanted.get(folded, ()) if f in (*STOCK_FIELDS, *_ALSO)]
        if folded in _INSIDE[under]:
            fields.append((under, _INSIDE[under].index(folded) - len(_INSIDE[under])))
        if isinstance(value, Mapping):
            at = next((f for f, _ in fields if f in _INSIDE), under)
            if depth < _MAX_DEPTH:
                deeper.append(_read(value, at, wanted=wanted, depth=depth + 1))
            continue
        if folded in _NOT_COUNTED and isinstance(value, bool):
            found[Field.TRACKED] = not value
        if value is None or value == "" or isinstance(value, list):
            continue
        for field, rank in fields:
            if rank < ranks.get(field, _WORST):
                found[field], ranks[field] = value, rank
    for more in deeper:
        for field, value in more.items():
            found.setdefault(field, value)
    return found
