"""What do the tables that shop systems export mean where a plain reading would be wrong?

Shopify's products: a row of an image alone is no variant, a variant without an SKU is known by its
handle and its options, and stock that nobody tracks is not counted. Shopify's inventory: the
column Available is a count. Wix: a variant is known by its product and its options, too, and a
product that has variants does not count them. Kelkoo's availability is a code, not a count.
Mirakl and Amazon: the ids are the marketplace's, and several offers share one; the SKU is ours.
Everywhere: what may not be purchased or is hidden is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notifier.connectors.reading.columns import Field, fold
from notifier.connectors.reading.comparison_codes import correct_codes
from notifier.domain.availability import Availability

Values = dict[Field, Any]
Correct = Callable[[Values, Sequence[str]], bool]

_OPTIONS = ("option1value", "option2value", "option3value")
_AVAILABLE = ("available", "availablenoteditable")
_NO_OPTION = "default title"
_NO = frozenset(["n", "no", "0", "false", "2"])  # 2 is Magento's word for switched off
_NOT_SOLD = frozenset(["inactive", "incomplete"])
# Which columns say whether a row is for sale, by system; the first one that is there decides.
_GATES = (
    ("allowpurchases", "productvisible"),  # BigCommerce
    ("productisavailable", "productisinventorytracked"),  # Ecwid
    ("visible", "variantidnoneditable"),  # Squarespace
    ("productonline", "attributesetcode"),  # Magento
    ("status", "stockstatusid"),  # OpenCart
)
# These only tell the system.
_MARKS = frozenset(
    ["productisinventorytracked", "variantidnoneditable", "attributesetcode", "stockstatusid"]
)
_SAYS_SOMETHING = (Field.PRICE, Field.QUANTITY, Field.AVAILABILITY)


def known_export(header: Sequence[str], *, columns: Mapping[str, str]) -> Correct | None:
    """How to put right the values of a row, if the header is that of a known system.

    What it returns changes the values in place and says whether the row is a variant at all.
    Fields of `columns` are mapped by the merchant himself and stay.
    """
    at = {fold(name): place for place, name in reversed(list(enumerate(header)))}
    if "handle" in at and "variantinventoryqty" in at:
        return _ShopifyProducts(at, columns=columns)
    if "handle" in at and "location" in at and any(name in at for name in _AVAILABLE):
        return _ShopifyInventory(at, columns=columns)
    if "handleid" in at and "fieldtype" in at and "key" not in columns:
        return _WixProducts(at, columns=columns)
    if "merchantcategory" in at and "availability" in at and "availability" not in columns:
        return _kelkoo
    if "productidtype" in at and not {"key", "sku"} & columns.keys():
        return _Marketplace(at, columns=columns)
    for gates in _GATES:
        if "availability" not in columns and all(gate in at for gate in gates):
            return _Gated([at[gate] for gate in gates if gate not in _MARKS])
    return None


def needs_rows_before(header: Sequence[str]) -> bool:
    """Whether a row cannot be read without those above it: Shopify says once what is a draft."""
    names = {fold(name) for name in header}
    return {"handle", "variantinventoryqty", "status"} <= names


class _ShopifyProducts:
    """The first row of a product says its status for all."""

    def __init__(self, at: Mapping[str, int], *, columns: Mapping[str, str]) -> None:
        self._status = at.get("status") if "availability" not in columns else None
        self._hidden = ""
        self._options = [at[name] for name in _OPTIONS if name in at]
        self._tracker = at.get("variantinventorytracker") if "tracked" not in columns else None

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        if self._tracker is not None and self._tracker < len(row):
            values[Field.TRACKED] = bool(row[self._tracker].strip())
        says_something = any(values.get(field) for field in _SAYS_SOMETHING)
        self._note_status(values, row)
        if values.get(Field.KEY) or values.get(Field.SKU):
            return True
        return says_something and _is_named_by_options(values, row, self._options)

    def _note_status(self, values: Values, row: Sequence[str]) -> None:
        handle = str(values.get(Field.PRODUCT_KEY, "")).strip()
        at = self._status
        status = row[at].strip() if at is not None and at < len(row) else ""
        if status:
            self._hidden = handle if status.casefold() in ("draft", "archived") else ""
        if handle and handle == self._hidden:
            values[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _is_named_by_options(values: Values, row: Sequence[str], options: Sequence[int]) -> bool:
    """Give a variant without an SKU its handle and options for a key; False without a handle."""
    handle = str(values.get(Field.PRODUCT_KEY, "")).strip()
    chosen = [row[place].strip() for place in options if place < len(row)]
    named = [option for option in chosen if option and option.casefold() != _NO_OPTION]
    if handle:
        values[Field.KEY] = "/".join([handle, *named])
    return bool(handle)


class _ShopifyInventory:
    """A row for each variant and place; `Available` is a count there."""

    def __init__(self, at: Mapping[str, int], *, columns: Mapping[str, str]) -> None:
        self._options = [at[name] for name in _OPTIONS if name in at]
        self._is_count = "available" in at and "availability" not in columns

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        if self._is_count:
            values[Field.QUANTITY] = values.pop(Field.AVAILABILITY, None)
        if not (values.get(Field.KEY) or values.get(Field.SKU)):
            return _is_named_by_options(values, row, self._options)
        return True


class _WixProducts:
    """A row `Product`, then a row `Variant` for each combination whose stock is counted."""

    def __init__(self, at: Mapping[str, int], *, columns: Mapping[str, str]) -> None:
        self._handle, self._type = at["handleid"], at["fieldtype"]
        self._options = [at[name] for name in at if name.startswith("productoptiondescription")]
        self._visible = _Gated([at["visible"]] if "visible" in at else [])
        self._is_mapped = "availability" in columns

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        handle = row[self._handle].strip() if self._handle < len(row) else ""
        is_variant = self._type < len(row) and row[self._type].strip().casefold() == "variant"
        chosen = [row[place].strip() for place in sorted(self._options) if place < len(row)]
        named = [option for option in chosen if option]
        if is_variant:
            values[Field.PRODUCT_KEY] = handle
            values[Field.KEY] = "/".join([handle, *named])
        else:
            values[Field.KEY] = handle
            if named and str(values.get(Field.QUANTITY, "")).strip().isdigit():
                del values[Field.QUANTITY]
        return bool(handle) and (self._is_mapped or self._visible(values, row))


def _kelkoo(values: Values, row: Sequence[str]) -> bool:
    said = str(values.get(Field.AVAILABILITY, ""))
    correct_codes(values, {"merchantcategory": "", "availability": said}, tag="")
    return True


class _Marketplace:
    """An offer of Mirakl or Amazon is known by its SKU; one that is not active is not sold."""

    def __init__(self, at: Mapping[str, int], *, columns: Mapping[str, str]) -> None:
        state = next((at[name] for name in ("active", "status") if name in at), None)
        self._state = state if "availability" not in columns else None

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        if values.get(Field.SKU):
            values[Field.KEY] = values[Field.SKU]
        at = self._state
        said = row[at].strip().casefold() if at is not None and at < len(row) else ""
        if said in _NO or said in _NOT_SOLD:
            values[Field.AVAILABILITY] = Availability.OUT_OF_STOCK
        return True


class _Gated:
    """What one of the columns says no to is not for sale."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places

    def __call__(self, values: Values, row: Sequence[str]) -> bool:
        said = [row[place].strip().casefold() for place in self._places if place < len(row)]
        if any(word in _NO for word in said):
            values[Field.AVAILABILITY] = Availability.OUT_OF_STOCK
        return True
