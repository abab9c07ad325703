"""What does a webhook of Shopify say?

`products/update` carries the product with its variants; `inventory_quantity` is the sum over all
places. A subscription may leave fields out, and newer versions of the API never say whether stock
is counted (`inventory_management`). `inventory_levels/*` tells of one place and names no variant:
https://shopify.dev/docs/api/webhooks/latest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from notifier.connectors.reading.columns import Field
from notifier.connectors.shop_hooks.values import (
    Item,
    bought_line,
    id_of,
    instant,
    member,
    news_of_order,
    objects,
    text_of,
    variant_of,
)
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.shop_news import Asked, Bought, Gone, ShopNews

_PRODUCTS = frozenset(("products/create", "products/update"))
_HINTS = frozenset(
    (
        "inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect",
        "inventory_items/create", "inventory_items/update", "inventory_items/delete",
        "variants/in_stock", "variants/out_of_stock",
    )
)  # fmt: skip
_ORDERS = frozenset(("orders/create", "orders/paid", "orders/updated", "orders/cancelled"))
_NO_NEWS = frozenset(("orders/delete", "orders/edited", "refunds/create"))
_HIDDEN = frozenset(("draft", "archived"))
_UNPAID = frozenset(("voided", "refunded", "expired"))
_NO_OPTION = "default title"
# A delivery is written right after the change it tells of. The header with its moment is not
# signed: one that is much later than the signed time says nothing.
_WRITTEN_WITHIN = timedelta(hours=1)


def read_hook(
    topic: str, value: Any, *, at: datetime | None, site: str, currency: str, now: datetime
) -> ShopNews:
    """What the delivery says. `at`: X-Shopify-Triggered-At, where it was sent."""
    item = value if isinstance(value, Mapping) else {}
    if topic in _PRODUCTS:
        product = member(item, "product") or item
        return _read_product(product, at=at, site=site, currency=currency, now=now)
    if topic == "products/delete":
        own = id_of(item.get("id"))
        gone = Gone(id=own, availability=Availability.DISCONTINUED, with_variants=True)
        return ShopNews(gone=(gone,) if own else (), as_of=_clamped(at, now), refused=not own)
    if topic in _HINTS:
        return ShopNews(look_again=True)
    if topic in _ORDERS:
        return _read_order(member(item, "order") or item, now=now)
    if topic == "customers/redact":
        customer = member(item, "customer")
        said = (text_of(customer.get("email")), text_of(customer.get("phone")))
        return ShopNews(erase=tuple(one for one in said if one))
    if topic == "customers/data_request":
        return ShopNews(asks=Asked.EXPORT, asks_about=id_of(member(item, "customer").get("id")))
    if topic == "shop/redact":
        return ShopNews(asks=Asked.LEFT, asks_about=text_of(item.get("shop_domain"))[:100])
    return ShopNews(known=topic in _NO_NEWS)


def _read_product(
    product: Item, *, at: datetime | None, site: str, currency: str, now: datetime
) -> ShopNews:
    variants = objects(product, "variants")
    as_of = _as_of(product, variants, at=_clamped(at, now), now=now)
    seen: list[Observation] = []
    doubtful: set[str] = set()
    refused = 0
    for variant in variants:
        values = _values(variant, product, as_of, site=site)
        one = variant_of(values, currency=currency, now=now)
        if one is None:
            refused += 1
        elif one.availability is not Availability.UNKNOWN:
            seen.append(one)
            if _may_be_uncounted(variant, one):
                doubtful.add(one.key)
    named = objects(product, "variant_gids")  # all of them; of many, `variants` may hold a part
    return ShopNews(
        seen=tuple(seen),
        doubtful=frozenset(doubtful),
        refused=refused,
        look_again=len(seen) + refused < max(len(variants), len(named), 1),
    )


def _as_of(
    product: Item, variants: list[Item], *, at: datetime | None, now: datetime
) -> datetime | None:
    """The moment a product looked so: finer by the header, surer by what is signed."""
    said = [instant(one.get("updated_at"), now=now) for one in (product, *variants)]
    signed = max((one for one in said if one is not None), default=None)
    if signed is None:
        return at
    if at is None or at > signed + _WRITTEN_WITHIN:
        return signed
    return at


def _values(variant: Item, product: Item, as_of: datetime | None, *, site: str) -> dict[Field, Any]:
    title, handle = text_of(variant.get("title")), text_of(product.get("handle"))
    page = f"{site}/products/{quote(handle, errors='replace')}?variant={id_of(variant.get('id'))}"
    hidden = text_of(product.get("status")).casefold() in _HIDDEN
    values = {
        Field.KEY: id_of(variant.get("id")),
        Field.SKU: variant.get("sku"),
        Field.PRODUCT_KEY: id_of(product.get("id")) or id_of(variant.get("product_id")),
        Field.QUANTITY: None if hidden else variant.get("inventory_quantity"),
        Field.BACKORDERS: variant.get("inventory_policy"),
        Field.PRICE: variant.get("price"),
        Field.REGULAR_PRICE: variant.get("compare_at_price"),
        Field.TITLE: text_of(product.get("title")),
        Field.VARIANT_TITLE: "" if title.casefold() == _NO_OPTION else title,
        Field.URL: page if site and handle else None,
        Field.IMAGE_URL: member(product, "image").get("src"),
        Field.OBSERVED_AT: as_of.isoformat() if as_of else None,
    }
    if "inventory_management" in variant:
        values[Field.TRACKED] = bool(variant["inventory_management"])
    if hidden:
        values[Field.AVAILABILITY] = Availability.OUT_OF_STOCK
    return values


def _may_be_uncounted(variant: Item, seen: Observation) -> bool:
    """Counted as 0, as all that nobody counts is, and nothing says whether it is counted."""
    is_zero = variant.get("inventory_quantity") in (0, "0") and seen.quantity == 0
    return is_zero and "inventory_management" not in variant


def _read_order(order: Item, *, now: datetime) -> ShopNews:
    return news_of_order(
        _lines(order, now=now), called_off=_is_called_off(order), bought=_is_bought(order)
    )


def _lines(order: Item, *, now: datetime) -> Iterator[Bought | None]:
    number = id_of(order.get("order_number")) or id_of(order.get("id"))
    said = [instant(order.get(name), now=now) for name in ("created_at", "processed_at")]
    at = min((one for one in said if one is not None), default=now)
    customer = member(order, "customer")
    email = text_of(order.get("email")) or text_of(order.get("contact_email"))
    for line in objects(order, "line_items"):
        yield bought_line(
            line,
            order=number,
            variant=id_of(line.get("variant_id")),
            at=at,
            email=email or text_of(customer.get("email")),
            phone=text_of(order.get("phone")) or text_of(customer.get("phone")),
        )


def _is_called_off(order: Item) -> bool:
    return bool(order.get("cancelled_at"))


def _is_bought(order: Item) -> bool:
    return order.get("test") is not True and text_of(order.get("financial_status")) not in _UNPAID


def _clamped(at: datetime | None, now: datetime) -> datetime | None:
    return min(at, now) if at is not None else None
