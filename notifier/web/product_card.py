"""How is one thing that somebody waits for shown on a page?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from notifier.domain.mail_address import mask_email
from notifier.domain.message import Medium
from notifier.domain.phone import mask_phone
from notifier.i18n import eta_words, format_date, section
from notifier.services.env import ShopRef
from notifier.services.follow_link import product_url
from notifier.services.own_items import Item
from notifier.services.product_words import in_language, money, product_title
from notifier.web.here import env
from notifier.web.pages import fill, own_path, picture_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing waited for, in words of the reader's language. Empty text: not known."""

    id: int
    title: str
    variant: str
    picture: str
    price: str
    url: str  # the product's page
    shop: str
    eta: str
    is_there: bool
    since: str
    quantity: int
    sign_up: str  # the form for asking again


def card_of(item: Item, *, locale: str, campaign: str) -> Card:
    """The card of one subscription; `campaign` goes into the product link's utm values."""
    row, variant = item.subscription, item.variant
    any_of_many = row.variant_id is None and len(item.siblings) > 1
    title = in_language(variant.titles, locale) or variant.title
    if any_of_many:
        title = section(locale, "page")["any_variant"]
    return Card(
        id=row.id,
        title=product_title(variant, locale),
        variant=title if any_of_many or len(item.siblings) > 1 or variant.product_title else "",
        picture=picture_url(variant.picture_url),
        price=money(variant.price, variant.currency, locale),
        url=product_url(variant, medium="page", campaign=campaign),
        shop=item.shop.config.name,
        eta=_eta(item, locale=locale),
        is_there=item.can_be_bought,
        since=day(row.created_at, item.shop, locale=locale),
        quantity=row.quantity,
        sign_up=sign_up_path(item, locale=locale),
    )


def _eta(item: Item, *, locale: str) -> str:
    """The expected date; nothing where it is there, unknown or over."""
    if item.stock is None or item.stock.eta is None or item.can_be_bought:
        return ""
    today = env().now().astimezone(ZoneInfo(item.shop.config.time_zone)).date()
    words = eta_words(item.stock.eta, locale, today)
    return fill(section(locale, "page")["expected"], eta=words) if words else ""


def sign_up_path(item: Item, *, locale: str) -> str:
    """Where one can ask for the same thing again."""
    row = item.subscription
    about = (
        f"product={quote(item.variant.product_key, safe='')}"
        if row.variant_id is None
        else f"variant={quote(item.variant.key, safe='')}"
    )
    return own_path(f"/f/{item.shop.config.public_key}?{about}&lang={locale}")


def link_path(shop: ShopRef, *, locale: str) -> str:
    """Where one asks for a link to everything an address waits for."""
    return own_path(f"/f/{shop.config.public_key}/link?lang={locale}")


def day(moment: datetime, shop: ShopRef, *, locale: str) -> str:
    """A date as the shop's clocks show it."""
    return format_date(moment.astimezone(ZoneInfo(shop.config.time_zone)).date(), locale)


def masked(medium: str, address: str) -> str:
    """The address so that its owner knows it and somebody a mail was passed on to does not."""
    return mask_phone(address) if medium == Medium.SMS else mask_email(address)
