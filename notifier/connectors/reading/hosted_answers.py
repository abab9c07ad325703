"""What do the answers of hosted shop systems mean where a plain reading would be wrong?

Shopify's Storefront API, Squarespace, Salesforce Commerce Cloud, VTEX, Salla, Nuvemshop, Bsale; and
Shopware 5, whose answers nest alike. Sources: the systems' API references.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from notifier.connectors.reading.columns import Field
from notifier.domain.availability import Availability

Item = Mapping[str, Any]
Values = dict[Field, Any]
# How an item is recognised, and what is read off it; both get the item and its product.
System = tuple[Callable[[Item, Item], bool], Callable[[Values, Item, Item], None]]
_NOTHING: Item = {}

# One of these is in every item that is spoken of here.
MARKS = frozenset(
    [
        "availableForSale", "isUnlimited", "pricing", "inventory", "mainDetail", "sellers",
        "preorder-backorder-handling", "perpetual", "unlimited_quantity", "stock_management",
        "unlimitedStock",
    ]
)  # fmt: skip


def member(item: Item, name: str) -> Item:
    """An object in the item; an empty one where there is none."""
    value = item.get(name)
    return value if isinstance(value, Mapping) else _NOTHING


def _shopify_storefront(found: Values, item: Item, outer: Item) -> None:
    # without the right to see counts there are only these two
    if item["availableForSale"] is True and item.get("currentlyNotInStock") is True:
        found[Field.AVAILABILITY] = Availability.BACKORDER


def _squarespace(found: Values, item: Item, outer: Item) -> None:
    if isinstance(item.get("isUnlimited"), bool):
        found[Field.TRACKED] = not item["isUnlimited"]
    pricing = member(item, "pricing")
    base, sale = member(pricing, "basePrice"), member(pricing, "salePrice")
    if base:
        found[Field.PRICE] = base
        found[Field.SALE_PRICE] = sale if sale and pricing.get("onSale") is True else None
    if outer.get("isVisible") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _salesforce(found: Values, item: Item, outer: Item) -> None:
    """`ats` counts what may be ordered beyond the stock, too; `stock_level` is the stock."""
    inventory = member(item, "inventory")
    level = inventory.get("stock_level", inventory.get("ats"))
    found[Field.QUANTITY] = level
    found[Field.AVAILABILITY] = inventory.get("orderable")
    if inventory.get("orderable") is True and isinstance(level, (int, float)) and level <= 0:
        if inventory.get("preorderable") is True:
            found[Field.AVAILABILITY] = Availability.PREORDER
        elif inventory.get("backorderable") is True:
            found[Field.AVAILABILITY] = Availability.BACKORDER


def _salesforce_record(found: Values, item: Item, outer: Item) -> None:
    """A record of an inventory list: what is allocated is in stock, `ats` adds what may follow."""
    handling = str(item.get("preorder-backorder-handling", "none")).strip()
    left, allocated = (_whole(item.get(name)) for name in ("ats", "allocation"))
    if str(item.get("perpetual")).strip() == "true":
        found[Field.TRACKED] = False
        found[Field.QUANTITY] = None
    elif handling in ("backorder", "preorder") and left is not None and allocated is not None:
        beyond = _whole(item.get("preorder-backorder-allocation")) or 0
        found[Field.QUANTITY] = max(left - beyond, 0)
        if left > 0 and left <= beyond:
            found[Field.AVAILABILITY] = Availability(handling)


def _whole(value: Any) -> int | None:
    text = str(value or "").strip().partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _vtex(found: Values, item: Item, outer: Item) -> None:
    sellers = [s for s in item["sellers"] if isinstance(s, Mapping)]
    own = next((s for s in sellers if s.get("sellerDefault") is True), None)
    offer = member(own or (sellers[0] if sellers else _NOTHING), "commertialOffer")
    if not offer:
        return
    found[Field.QUANTITY] = offer.get("AvailableQuantity")
    found[Field.AVAILABILITY] = offer.get("IsAvailable")
    found[Field.PRICE] = offer.get("Price") or None
    found[Field.REGULAR_PRICE] = offer.get("ListPrice")


def _shopware_5(found: Values, item: Item, outer: Item) -> None:
    detail = member(item, "mainDetail")
    found[Field.SKU] = detail.get("number")
    found[Field.QUANTITY] = detail.get("inStock")
    if isinstance(detail.get("lastStock", item.get("lastStock")), bool):
        found[Field.BACKORDERS] = not detail.get("lastStock", item.get("lastStock"))
    if item.get("active") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _salla(found: Values, item: Item, outer: Item) -> None:
    if item["unlimited_quantity"] is True:
        found[Field.TRACKED] = False
    if item.get("status") in ("hidden", "deleted", "out"):
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _nuvemshop(found: Values, item: Item, outer: Item) -> None:
    if isinstance(item["stock_management"], bool):
        found[Field.TRACKED] = item["stock_management"]
    if outer.get("published") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _bsale(found: Values, item: Item, outer: Item) -> None:
    """Yes and no are 1 and 0; state 1 is switched off."""
    found[Field.SKU] = item.get("code")
    if item["unlimitedStock"] in (1, True):
        found[Field.TRACKED] = False
    if item.get("state") == 1:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


SYSTEMS: tuple[System, ...] = (
    (lambda i, _: "availableForSale" in i, _shopify_storefront),
    (lambda i, _: "isUnlimited" in i or "basePrice" in member(i, "pricing"), _squarespace),
    (lambda i, _: {"ats", "orderable"} <= member(i, "inventory").keys(), _salesforce),
    (
        lambda i, _: "perpetual" in i or "preorder-backorder-handling" in i,
        _salesforce_record,
    ),
    (lambda i, _: isinstance(i.get("sellers"), list), _vtex),
    (lambda i, _: "inStock" in member(i, "mainDetail"), _shopware_5),
    (lambda i, _: "unlimited_quantity" in i, _salla),
    (lambda i, _: "stock_management" in i, _nuvemshop),
    (lambda i, _: "unlimitedStock" in i, _bsale),
)
