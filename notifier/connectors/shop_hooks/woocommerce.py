"""What does a webhook of WooCommerce say?

`product.updated` carries a product or, with `type: variation`, one of its variations, as it is when
it is sent: https://developer.woocommerce.com/docs/webhooks/. The topic `product.deleted` is sent
when something goes to the bin, from which it may come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

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
from notifier.domain.shop_news import Bought, Gone, Listed, ShopNews

_PRODUCTS = frozenset(("product.created", "product.updated", "product.restored"))
_ORDERS = frozenset(("order.created", "order.updated", "order.restored"))
_NO_NEWS = frozenset(("order.deleted",))
_SHOWN = frozenset(("publish", ""))
_ELSEWHERE = frozenset(("external", "grouped"))  # sold by others, or products of their own
_NOT_COUNTED = (None, False, 0, "0", "no", "false", "")
_PARENTS = frozenset(("variable", "variable-subscription"))
# Paid, or placed with its stock taken; https://woocommerce.com/document/managing-orders/
_BOUGHT = frozenset(("processing", "completed", "on-hold"))
_CALLED_OFF = frozenset(("cancelled", "failed"))
_NOT_BOUGHT = frozenset(("pending", "refunded", "checkout-draft", "auto-draft", "draft", "trash"))


def read_hook(
    topic: str, value: Any, *, at: datetime | None, site: str, currency: str, now: datetime
) -> ShopNews:
    """What the delivery says. It has no time of its own and whole addresses, so `at` and `site`
    are not used."""
    item = value if isinstance(value, Mapping) else {}
    if topic in _PRODUCTS:
        return _read_product(member(item, "product") or item, currency=currency, now=now)
    if topic == "product.deleted":
        return _read_deleted(member(item, "product") or item, now=now)
    if topic in _ORDERS:
        return _read_order(member(item, "order") or item, now=now)
    return ShopNews(known=topic in _NO_NEWS)


def _read_product(item: Item, *, currency: str, now: datetime) -> ShopNews:
    own, kind = id_of(item.get("id")), text_of(item.get("type"))
    shown = text_of(item.get("status")) in _SHOWN
    changed_at = _changed_at(item, now=now)
    if kind in _ELSEWHERE:
        return ShopNews()
    # what the parent counts is shared by its variations, and counted all the same
    counted = item.get("manage_stock") not in _NOT_COUNTED
    quantity = item.get("stock_quantity") if counted and shown else None
    word = text_of(item.get("stock_status")) if shown else Availability.OUT_OF_STOCK
    if not word and quantity is None:
        return ShopNews(look_again=True)  # a plugin left it out
    options = _options(item)
    values = {
        Field.KEY: own,
        Field.SKU: item.get("sku"),
        Field.PRODUCT_KEY: id_of(item.get("parent_id")),
        Field.AVAILABILITY: word,
        Field.QUANTITY: quantity,
        Field.BACKORDERS: _sells_below_zero(item),
        Field.PRICE: item.get("price"),
        Field.REGULAR_PRICE: item.get("regular_price"),
        Field.TITLE: _title(item, options),
        Field.URL: item.get("permalink"),
        Field.IMAGE_URL: item.get("images") or item.get("image"),
        Field.OBSERVED_AT: changed_at.isoformat() if changed_at else None,
    }
    seen = variant_of(values, currency=currency, now=now, options=options)
    if seen is None:
        return ShopNews(refused=1)
    if kind in _PARENTS:
        # its variations tell their stock themselves, but not that nobody sees them
        listed = Listed(product=own, shown=shown)
        return ShopNews(seen=(seen,), if_known=frozenset((own,)), listed=(listed,))
    return ShopNews(seen=(seen,))


def _options(item: Item) -> tuple[tuple[str, str], ...]:
    """What makes a variation: `{name, option}`. A product lists its attributes otherwise."""
    said = [(text_of(o.get("name")), text_of(o.get("option"))) for o in objects(item, "attributes")]
    return tuple((name[:100], option[:100]) for name, option in said if name and option)


def _title(item: Item, options: tuple[tuple[str, str], ...]) -> str:
    """The product's; a variation is called `Hoodie - Blue, Yes`."""
    return text_of(item.get("name")).removesuffix(f" - {', '.join(one for _, one in options)}")


def _sells_below_zero(item: Item) -> Any:
    allowed = item.get("backorders_allowed")
    return item.get("backorders") if allowed is None else allowed


def _changed_at(item: Item, *, now: datetime) -> datetime | None:
    return instant(item.get("date_modified_gmt"), now=now)


def _read_deleted(item: Item, *, now: datetime) -> ShopNews:
    own = id_of(item.get("id"))
    if not own:
        return ShopNews(refused=1)
    return ShopNews(
        gone=(Gone(id=own, availability=Availability.OUT_OF_STOCK),),
        listed=(Listed(product=own, shown=False),),
        as_of=_changed_at(item, now=now),
    )


def _read_order(order: Item, *, now: datetime) -> ShopNews:
    return news_of_order(
        _lines(order, now=now), called_off=_is_called_off(order), bought=_is_bought(order)
    )


def _lines(order: Item, *, now: datetime) -> Iterator[Bought | None]:
    number = id_of(order.get("number")) or id_of(order.get("id"))
    billing = member(order, "billing")
    for line in objects(order, "line_items"):
        yield bought_line(
            line,
            order=number,
            variant=id_of(line.get("variation_id")) or id_of(line.get("product_id")),
            at=instant(order.get("date_created_gmt"), now=now) or now,
            email=text_of(billing.get("email")),
            phone=text_of(billing.get("phone")),
        )


def _status(order: Item) -> str:
    return text_of(order.get("status")).removeprefix("wc-")


def _is_called_off(order: Item) -> bool:
    """Not where it was refunded: then it was bought, and may have been sent."""
    return _status(order) in _CALLED_OFF


def _is_bought(order: Item) -> bool:
    """Of one that is not called off: also in a status of the shop's own making, such as `packed`,
    once it was paid."""
    status = _status(order)
    if status in _BOUGHT:
        return True
    paid = order.get("date_paid_gmt") or order.get("date_paid")
    return bool(status) and status not in _NOT_BOUGHT and bool(paid)
