"""What do the tables that shop systems export mean where a plain reading would be wrong?

Shopify's products: a row of an image alone is no variant, a variant without an SKU is known by its
handle and its options, and stock that nobody tracks is not counted. Shopify's inventory: the
column Available is a count. BigCommerce: what may not be purchased is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notifier.connectors.reading.columns import Field, fold
from notifier.domain.availability import Availability

Values = dict[Field, Any]
Correct = Callable[[Values, Sequence[str]], bool]

_OPTIONS = ("option1value", "option2value", "option3value")
_NO_OPTION = "default title"
_SAYS_SOMETHING = (Field.PRICE, Field.QUANTITY, Field.AVAILABILITY)


def known_export(header: Sequence[str], *, columns: Mapping[str, str]) -> Correct | None:
    """How to put right the values of a row, if the header is that of a known system.

    What it returns changes the values in place and says whether the row is a variant at all.
    Fields of `columns` are mapped by the merchant himself and stay.
    """
    at = {fold(name): place for place, name in reversed(list(enumerate(header)))}
    if "handle" in at and "variantinventoryqty" in at:
        return _ShopifyProducts(at, columns=columns)
    if "handle" in at and "location" in at and "available" in at:
        return None if "availability" in columns else _shopify_inventory
    if "allowpurchases" in at and "productvisible" in at and "availability" not in columns:
        return _BigCommerce(at)
    return None


class _ShopifyProducts:
    def __init__(self, at: Mapping[str, int], *, columns: Mapping[str, str]) -> None:
        self._options = [at[name] for name in _OPTIONS if name in at]
        self._tracker = at.get("variantinventorytracker") if "tracked" not in columns else None

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        if self._tracker is not None and self._tracker < len(row):
            values[Field.TRACKED] = bool(row[self._tracker].strip())
        if values.get(Field.KEY) or values.get(Field.SKU):
            return True
        handle = str(values.get(Field.PRODUCT_KEY, "")).strip()
        if not handle or not any(values.get(field) for field in _SAYS_SOMETHING):
            return False
        chosen = [row[place].strip() for place in self._options if place < len(row)]
        named = [option for option in chosen if option and option.casefold() != _NO_OPTION]
        values[Field.KEY] = "/".join([handle, *named])
        return True


def _shopify_inventory(values: Values, row: Sequence[str]) -> bool:
    values[Field.QUANTITY] = values.pop(Field.AVAILABILITY, None)
    return True


class _BigCommerce:
    def __init__(self, at: Mapping[str, int]) -> None:
        self._gates = (at["allowpurchases"], at["productvisible"])

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        if any(
            row[gate].strip().casefold() in ("n", "no", "0")
            for gate in self._gates
            if gate < len(row)
        ):
            values[Field.AVAILABILITY] = Availability.OUT_OF_STOCK
        return True
