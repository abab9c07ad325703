"""What does the plain form show of a product: its variants, what is there, what may be asked?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.stock import Level, Stock
from notifier.errors import NotFound
from notifier.services.availability import describe
from notifier.services.env import Env, ShopRef
from notifier.services.follow_link import product_url
from notifier.services.product_words import in_language, money
from notifier.store import catalogue
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One variant one can choose on the form."""

    key: str
    title: str
    is_there: bool  # can be bought now
    may_come: bool  # out now, and not gone for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A product as the form shows it. `chosen` is a variant's key, empty for the product."""

    shop: ShopRef
    product: str
    chosen: str
    title: str
    picture_url: str
    page_url: str
    price: str
    regular_price: str
    choices: tuple[Choice, ...]
    media: tuple[str, ...]
    described: dict[str, Any]  # what the widget is told, see services.availability

    @property
    def waitable(self) -> tuple[Choice, ...]:
        """What can be waited for."""
        return tuple(one for one in self.choices if one.may_come) if self.media else ()

    @property
    def is_there(self) -> bool:
        """Whether what was asked for can be bought now."""
        asked = [one for one in self.choices if self.chosen in ("", one.key)]
        return any(one.is_there for one in asked)

    @property
    def takes_any(self) -> bool:
        """Whether one can wait for any variant: there are several, and none is there."""
        return len(self.choices) > 1 and not any(one.is_there for one in self.choices)


def load_offer(env: Env, shop: ShopRef, *, variant: str, product: str, locale: str) -> Offer:
    """Raises errors.NotFound alike for what is unknown, unpublished or opted out."""
    described = describe(env, shop, variant=variant, product=product, locale=locale)
    with env.db.read() as tx:
        product_id = catalogue.find_product_id(tx, shop.id, described["product"])
        siblings = catalogue.variants_of(tx, product_id) if product_id else []
        open_to = [one for one in siblings if one.may_be_asked_for]
        beliefs = stock_store.load_stock(tx, [one.id for one in open_to])
        named = catalogue.find_variant(tx, shop.id, variant) if variant else None
    if not open_to:
        raise NotFound("This product is not known here, or takes no requests.")
    shown = named or open_to[0]
    return Offer(
        shop=shop,
        product=described["product"],
        chosen=named.key if named else "",
        title=described["title"],
        picture_url=shown.picture_url,
        page_url=product_url(shown, medium="page", campaign="form"),
        price=money(shown.price, shown.currency, locale),
        regular_price=money(shown.regular_price, shown.currency, locale),
        choices=tuple(_choice(one, beliefs.get(one.id), locale=locale) for one in open_to),
        media=tuple(described["channels"]),
        described=described,
    )


def _choice(variant: VariantRow, belief: Stock | None, *, locale: str) -> Choice:
    there = belief is not None and belief.level > Level.NONE
    gone = belief is not None and belief.availability is Availability.DISCONTINUED
    return Choice(
        key=variant.key,
        title=in_language(variant.titles, locale) or variant.title or variant.key,
        is_there=there,
        may_come=not there and not gone,
    )
