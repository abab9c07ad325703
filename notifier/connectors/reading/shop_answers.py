"""What do the answers of well-known shop systems mean where a plain reading would be wrong?

A merchant may point a feed at his shop's API. Each system has a field or two that say something
else than their name, or say it elsewhere: who counts the stock, whether it sells below zero,
whether the product is for sale at all. Sources: the systems' API references.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from notifier.connectors.reading import hosted_answers, marketplace_answers
from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.hosted_answers import Item, System, Values, member
from notifier.domain.availability import Availability

# Lists of what was bought, not of what there is.
_SALES = frozenset(["line_items", "lineItems", "order_items", "order_rows", "order_products"])
# One of these is in every item that is spoken of here; most feeds have none.
_MARKS = frozenset(
    [
        "inventory_management", "inventoryItem", "is_on_backorder", "stock_status", "source_code",
        "attribute_set_id", "stock_item", "inventory_tracking", "id_product_attribute",
        "id_default_combination", "isCloseout", "manage_inventory", "unlimited", "stock",
        "quantityAllocated", "enabled", "prices", "stock_status_id",
    ]
)  # fmt: skip
_MARKS |= hosted_answers.MARKS | marketplace_answers.MARKS
_MARKS_OF_PRODUCTS = frozenset(["inventory_tracking", "enabled"])
_SUMS = frozenset(["bundle", "configurable", "grouped"])
_TRACKING = frozenset(["none", "product", "variant", "simple", "sku"])
_HIDDEN = frozenset(["draft", "archived", "trash", "pending", "proposed", "rejected"])


def is_sale(item: Item) -> bool:
    """Whether it is an order, a cart or a refund."""
    return not _SALES.isdisjoint(item) and any(isinstance(item.get(name), list) for name in _SALES)


def is_sales_list(name: str) -> bool:
    """Whether a list of this name holds lines of an order."""
    return name in _SALES


def in_cents(item: Item, parent: Item | None) -> bool:
    """Whether whole numbers are amounts in the smallest unit, without saying so."""
    outer = parent or item
    return "price_varies" in outer or "qtyInStock" in item  # Shopify's .js, Squarespace


def correct(values: Values, item: Item, *, parent: Item | None, taken: Iterable[str]) -> None:
    """Put right in `values` what was read off `item`, a variant of `parent` if there is one.

    Fields in `taken` are mapped by the merchant himself and stay.
    """
    outer = parent or {}
    if _MARKS.isdisjoint(item) and _MARKS_OF_PRODUCTS.isdisjoint(outer):
        return
    found: Values = {}
    for recognise, read in _SYSTEMS:
        if recognise(item, outer):
            read(found, item, outer)
            break
    mapped = frozenset(taken)
    for field, value in found.items():
        if field.value in mapped:
            continue
        if value is None:
            values.pop(field, None)
        else:
            values[field] = value


def _shopify(found: Values, item: Item, outer: Item) -> None:
    tracked = member(item, "inventoryItem").get("tracked", item.get("inventory_management"))
    found[Field.TRACKED] = bool(tracked)
    status = str(item.get("status", outer.get("status", ""))).casefold()
    if status in _HIDDEN:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _woocommerce(found: Values, item: Item, outer: Item) -> None:
    # `price` is paid now; `sale_price` is also there before and after the sale
    found[Field.SALE_PRICE] = None
    found[Field.PRICE] = item.get("price") or None
    if item.get("status") in ("draft", "trash", "pending"):
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _woocommerce_store(found: Values, item: Item, outer: Item) -> None:
    if item.get("is_in_stock") is True and item.get("is_on_backorder") is True:
        found[Field.AVAILABILITY] = Availability.BACKORDER
    prices = member(item, "prices")
    places = prices.get("currency_minor_unit")
    price, regular = str(prices.get("price")), str(prices.get("regular_price"))
    if isinstance(places, int) and 0 <= places <= 4 and price.isdecimal():
        found[Field.PRICE] = str(Decimal(price).scaleb(-places))
        found[Field.CURRENCY] = prices.get("currency_code")
        if regular.isdecimal():
            found[Field.REGULAR_PRICE] = str(Decimal(regular).scaleb(-places))


def _magento(found: Values, item: Item, outer: Item) -> None:
    stock = member(member(item, "extension_attributes"), "stock_item") or member(item, "stock_item")
    if stock:
        found[Field.QUANTITY] = stock.get("qty")
        found[Field.AVAILABILITY] = stock.get("is_in_stock")
        found[Field.BACKORDERS] = stock.get("backorders")
        if stock.get("use_config_manage_stock") is False:
            found[Field.TRACKED] = stock.get("manage_stock")
    if item.get("type_id") in _SUMS:
        found[Field.QUANTITY] = None
    if str(item.get("status")) == "2" and "type_id" in item:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _magento_source(found: Values, item: Item, outer: Item) -> None:
    if str(item.get("status", "1")) == "0":
        found[Field.QUANTITY] = 0


def _bigcommerce(found: Values, item: Item, outer: Item) -> None:
    tracking = _tracking(item, outer)
    # `available` says that it is offered; the level says whether there is any
    found[Field.AVAILABILITY] = item.get("availability", outer.get("availability"))
    if tracking == "none":
        found[Field.TRACKED] = False
    elif found[Field.AVAILABILITY] == "available":
        found[Field.AVAILABILITY] = None
    shared = outer if tracking == "product" and outer else item
    found[Field.QUANTITY] = shared.get("inventory_level")
    is_hidden = item.get("is_visible", outer.get("is_visible")) is False
    if is_hidden or item.get("purchasing_disabled") is True:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _prestashop(found: Values, item: Item, outer: Item) -> None:
    # The webservice shows 0 for every product; the stock is in stock_availables.
    found[Field.QUANTITY] = None
    found[Field.AVAILABILITY] = None
    if str(item.get("active", "1")) == "0":
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _prestashop_stock(found: Values, item: Item, outer: Item) -> None:
    product, combination = str(item["id_product"]), str(item["id_product_attribute"])
    found[Field.KEY] = product if combination in ("", "0") else f"{product}-{combination}"
    found[Field.PRODUCT_KEY] = None if combination in ("", "0") else product
    found[Field.AVAILABILITY] = None
    found[Field.BACKORDERS] = {"0": False, "1": True}.get(str(item.get("out_of_stock")))


def _shopware(found: Values, item: Item, outer: Item) -> None:
    # `available` is also true for what is sold below zero
    left = item.get("availableStock")
    found[Field.QUANTITY] = item.get("stock") if left is None else left
    found[Field.AVAILABILITY] = None if item.get("available") is not False else False
    found[Field.BACKORDERS] = item.get("isCloseout") is False
    if item.get("active") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _medusa(found: Values, item: Item, outer: Item) -> None:
    price = member(item, "calculated_price")
    if price.get("calculated_amount") is not None:
        found[Field.PRICE] = price["calculated_amount"]
        found[Field.CURRENCY] = price.get("currency_code")
    if str(outer.get("status", "")).casefold() in _HIDDEN:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _saleor_stock(found: Values, item: Item, outer: Item) -> None:
    variant = member(item, "productVariant")
    numbers = [item.get(name, 0) for name in ("quantity", "quantityAllocated", "quantityReserved")]
    if variant:
        found[Field.KEY], found[Field.SKU] = variant.get("id"), variant.get("sku")
    found[Field.LOCATION] = member(item, "warehouse").get("id")
    if all(isinstance(number, int) for number in numbers):
        found[Field.QUANTITY] = numbers[0] - numbers[1] - numbers[2]


def _counted_or_not(found: Values, item: Item, outer: Item) -> None:
    """Squarespace and Ecwid: `unlimited` beside a count that means nothing then."""
    if "qtyInStock" in item:
        found[Field.QUANTITY] = item["qtyInStock"]
    if item.get("unlimited") is True:
        found[Field.TRACKED] = False
    if item.get("enabled", outer.get("enabled")) is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _wix(found: Values, item: Item, outer: Item) -> None:
    stock = member(item, "stock")
    found[Field.QUANTITY] = stock.get("quantity")
    found[Field.AVAILABILITY] = stock.get("inStock")
    found[Field.TRACKED] = stock.get("trackInventory")
    if item.get("visible") is False:
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _opencart(found: Values, item: Item, outer: Item) -> None:
    """`stock_status` is what is shown once nothing is left."""
    found[Field.AVAILABILITY] = None if _count(item) > 0 else item.get("stock_status")
    if str(item.get("status")).casefold() in ("0", "false"):
        found[Field.AVAILABILITY] = Availability.OUT_OF_STOCK


def _is_opencarts(item: Item) -> bool:
    return {"product_id", "model", "quantity", "stock_status", "status"} <= item.keys()


def _count(item: Item) -> int:
    text = str(item.get("quantity")).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


_SYSTEMS: tuple[System, ...] = (
    (
        lambda i, _: "inventory_management" in i or "tracked" in member(i, "inventoryItem"),
        _shopify,
    ),
    (
        lambda i, _: "is_on_backorder" in i or "currency_minor_unit" in member(i, "prices"),
        _woocommerce_store,
    ),
    (lambda i, _: "stock_status" in i and {"price", "regular_price"} <= i.keys(), _woocommerce),
    (lambda i, _: "source_code" in i and "sku" in i, _magento_source),
    (lambda i, _: "attribute_set_id" in i or "stock_item" in i, _magento),
    (lambda i, o: _tracking(i, o) in _TRACKING, _bigcommerce),
    (lambda i, _: "id_product_attribute" in i and "id_product" in i, _prestashop_stock),
    (lambda i, _: "id_default_combination" in i, _prestashop),
    (lambda i, _: "isCloseout" in i, _shopware),
    (lambda i, _: "manage_inventory" in i, _medusa),
    (lambda i, _: "quantityAllocated" in i, _saleor_stock),
    (lambda i, o: "unlimited" in i or _may_be_off(i) or _may_be_off(o), _counted_or_not),
    (lambda i, _: "inStock" in member(i, "stock"), _wix),
    (lambda i, _: "stock_status_id" in i or _is_opencarts(i), _opencart),
    *hosted_answers.SYSTEMS,
    *marketplace_answers.SYSTEMS,
)


def _may_be_off(item: Item) -> bool:
    """Whether it says if it is for sale beside its stock: Ecwid, which may say no more."""
    return "inStock" in item and "enabled" in item


def _tracking(item: Item, outer: Item) -> str:
    return str(item.get("inventory_tracking", outer.get("inventory_tracking")))
