"""What does a link to one subscription open, and which plain pages come of it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from notifier.i18n import available_locales, choose_locale, section
from notifier.services.own_items import Item, load_item
from notifier.web.here import env
from notifier.web.link_forms import make_nonce
from notifier.web.pages import fill, page, speak
from notifier.web.product_card import Card, card_of, day, link_path, masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A subscription behind a link, and how its owner is spoken to."""

    item: Item
    contact_id: int
    address: str  # masked
    locale: str
    words: Mapping[str, str]
    card: Card

    @property
    def id(self) -> int:
        return self.item.subscription.id

    def day(self, moment: Any) -> str:
        """A date in the owner's language and the shop's zone; empty for none."""
        return day(moment, self.item.shop, locale=self.locale) if moment else ""

    def say(self, key: str, **values: object) -> str:
        """A phrase of the page section with the usual values filled in."""
        common = {"shop": self.item.shop.config.name, "address": self.address}
        return fill(self.words[key], **{**common, **values})


def open_subscription(subscription_id: int, *, campaign: str) -> Opened:
    """Raises errors.NotFound for what is not stored any more, or was erased."""
    contact, item = load_item(env(), subscription_id)
    locale = choose_locale(item.subscription.locale, available_locales())
    speak(locale)
    return Opened(
        item=item,
        contact_id=contact.id,
        address=masked(contact.medium, contact.address),
        locale=locale,
        words=section(locale, "page"),
        card=card_of(item, locale=locale, campaign=campaign),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a form: what it posts as `act`, what it says, how loud it is."""

    act: str
    label: str
    look: str = "primary"  # primary | quiet | danger


def ask(
    opened: Opened,
    letter: str,
    key: str,
    buttons: list[Button],
    *,
    on: str = "",
    stale: bool = False,
    **more: Any,
) -> Response:
    """A question about one subscription with its buttons; `key` names the phrases, and `on` the
    day in them (else since when it is waited for).

    `stale`: the form was posted too late or from elsewhere; 400, and nothing was done.
    """
    values: dict[str, Any] = {"others": [], "points": [], "hidden": {}, **more}
    return page(
        "ask",
        locale=opened.locale,
        shop=opened.item.shop,
        status=400 if stale else 200,
        notice=opened.words["stale"] if stale else "",
        title=opened.words[f"{key}_title"],
        intro=opened.say(f"{key}_intro", day=on or opened.card.since),
        card=opened.card,
        buttons=buttons,
        nonce=make_nonce(letter, opened.id),
        **values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Somewhere to go on to."""

    url: str
    label: str
    is_loud: bool = False  # the one most people want


def tell(
    opened: Opened,
    key: str,
    *,
    mood: str = "good",
    on: str = "",
    ways: tuple[Way, ...] = (),
    also: list[Card] | None = None,
) -> Response:
    """What came of it, or how things stand; `key` names the phrases, `mood` is good or calm."""
    return page(
        "result",
        locale=opened.locale,
        shop=opened.item.shop,
        mood=mood,
        title=opened.words[f"{key}_title"],
        text=opened.say(f"{key}_text", day=on),
        card=opened.card,
        also=also or [],
        ways=[way for way in ways if way.url],
    )


def to_product(opened: Opened) -> Way:
    """The product's page, where it has one."""
    return Way(url=opened.card.url, label=opened.words["buy"], is_loud=True)


def ask_again(opened: Opened) -> Way:
    """The form with the same product in it."""
    return Way(url=opened.card.sign_up, label=opened.words["ask_again"])


def see_all(opened: Opened) -> Way:
    """To a link by mail: a link that can only stop or confirm gives no more power than that."""
    path = link_path(opened.item.shop, locale=opened.locale)
    return Way(url=path, label=opened.words["see_all"])
