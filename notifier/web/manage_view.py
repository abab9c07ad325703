"""What does the page of all notices show: what waits, what is not confirmed, what is over?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from notifier.domain.subscription import EtaNews, SubscriptionState
from notifier.i18n import available_locales, choose_locale, section
from notifier.services.env import ShopRef
from notifier.services.own_items import Item, load_items
from notifier.services.place_in_line import place_words
from notifier.services.product_words import in_language
from notifier.services.show_order import open_lines_of
from notifier.services.write_message import media_of
from notifier.signing import Purpose
from notifier.web.here import env
from notifier.web.pages import fill, own_path, speak, visitor_locale
from notifier.web.product_card import Card, card_of, day, masked

HISTORY = 10
SHOWN_FOR = timedelta(days=90)
ETA_NEWS: Mapping[str, EtaNews | None] = {
    "shop": None,
    "every": EtaNews.EVERY,
    "week": EtaNews.OVER_A_WEEK,
    "never": EtaNews.NEVER,
}
_WAITS = (SubscriptionState.WAITING, SubscriptionState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One notice with what can be changed about it."""

    card: Card
    state: str  # in words
    is_paused: bool
    quantity: int
    variants: tuple[Option, ...]  # empty where there is no choice
    locales: tuple[Option, ...]
    dates: tuple[Option, ...]  # of which new dates one hears
    media: tuple[str, ...]  # by which one may be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    title: str
    what: str  # what came of it, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Something bought that is still waited for, and the page where one decides about it."""

    title: str
    about: str  # the order, in words
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything behind one link."""

    contact_id: int
    address_hash: str
    address: str  # masked
    locale: str
    words: Mapping[str, str]
    shop: ShopRef | None  # whose look the page has; None with several or none
    several_shops: bool
    waiting: tuple[Entry, ...]
    unconfirmed: tuple[Entry, ...]
    past: tuple[Past, ...]
    ordered: tuple[Ordered, ...]

    @property
    def ordered_title(self) -> str:
        return section(self.locale, "order_page")["manage_orders"]

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.unconfirmed)


def load_overview(contact_id: int) -> Overview:
    """Raises errors.NotFound for what is not stored any more, or was erased."""
    contact, items = load_items(env(), contact_id)
    locale = _locale_of(items)
    speak(locale)
    words = section(locale, "page")
    shops = {item.shop.id: item.shop for item in items}
    waiting = [one for one in items if one.subscription.state in _WAITS]
    asked = [one for one in items if one.subscription.state == SubscriptionState.UNCONFIRMED]
    return Overview(
        contact_id=contact.id,
        address_hash=contact.address_hash,
        address=masked(contact.medium, contact.address),
        locale=locale,
        words=words,
        shop=next(iter(shops.values())) if len(shops) == 1 else None,
        several_shops=len(shops) > 1,
        waiting=tuple(_entry(item, words, locale=locale) for item in waiting),
        unconfirmed=tuple(_entry(item, words, locale=locale) for item in asked),
        past=tuple(_past(items, words, locale=locale)),
        ordered=tuple(_ordered(contact.id, locale=locale)),
    )


def _ordered(contact_id: int, *, locale: str) -> list[Ordered]:
    said = section(locale, "order_page")["manage_order"]
    return [
        Ordered(
            title=line.title,
            about=fill(said, ref=order.ref),
            url=own_path(f"/o/{env().signer.make(Purpose.ORDER, line.id)}"),
        )
        for order, line in open_lines_of(env(), contact_id)
    ]


def _locale_of(items: list[Item]) -> str:
    """The language of the latest notice; the browser's where there is none."""
    if not items:
        return visitor_locale()
    latest = max(items, key=lambda item: item.subscription.asked_at)
    return choose_locale(latest.subscription.locale, available_locales())


def _entry(item: Item, words: Mapping[str, str], *, locale: str) -> Entry:
    row = item.subscription
    return Entry(
        card=card_of(item, locale=locale, campaign="manage"),
        state=_state(item, words, locale=locale),
        is_paused=row.state == SubscriptionState.PAUSED,
        quantity=row.quantity,
        variants=_variants(item, words, locale=locale),
        locales=_locales(item),
        dates=_dates(item, words),
        media=tuple(media_of(env(), item.shop)),
    )


def _state(item: Item, words: Mapping[str, str], *, locale: str) -> str:
    row = item.subscription
    if row.state == SubscriptionState.PAUSED and row.paused_until is not None:
        until = day(row.paused_until, item.shop, locale=locale)
        return fill(words["state_paused_until"], day=until)
    if row.state == SubscriptionState.PAUSED:
        return words["state_paused"]
    if row.state == SubscriptionState.UNCONFIRMED:
        asked = day(row.asked_at, item.shop, locale=locale)
        return fill(words["state_unconfirmed"], day=asked)
    since = fill(words["state_waiting"], day=day(row.created_at, item.shop, locale=locale))
    place = place_words(env(), item.shop, row, locale)
    return f"{since}. {place}" if place else since


def _variants(item: Item, words: Mapping[str, str], *, locale: str) -> tuple[Option, ...]:
    row = item.subscription
    chosen = row.variant_id
    offered = [one for one in item.siblings if one.may_be_asked_for or one.id == chosen]
    if len(offered) < 2:
        return ()
    every = Option(value="any", label=words["any_variant"], is_chosen=chosen is None)
    return (
        every,
        *(
            Option(
                value=str(one.id),
                label=in_language(one.titles, locale) or one.title or one.key,
                is_chosen=one.id == chosen,
            )
            for one in offered
        ),
    )


def _dates(item: Item, words: Mapping[str, str]) -> tuple[Option, ...]:
    chosen = item.subscription.eta_days
    return tuple(
        Option(value=word, label=words[f"manage_dates_{word}"], is_chosen=chosen == news)
        for word, news in ETA_NEWS.items()
    )


def _locales(item: Item) -> tuple[Option, ...]:
    offered = item.shop.config.locales
    if len(offered) < 2:
        return ()
    return tuple(
        Option(value=one, label=_language(one), is_chosen=one == item.subscription.locale)
        for one in offered
    )


def _language(locale: str) -> str:
    """A language by its own name."""
    known = locale in available_locales()
    return section(locale, "words")["language"] if known else locale


def _past(items: list[Item], words: Mapping[str, str], *, locale: str) -> list[Past]:
    """What is over, newest first, and not longer than it is of use."""
    over: list[tuple[Any, Past]] = []
    since = env().now() - SHOWN_FOR
    for item in items:
        row = item.subscription
        told_last = row.state == SubscriptionState.TOLD or row.told_at is not None
        at = row.told_at if told_last else row.ended_at
        if row.state not in (SubscriptionState.TOLD, SubscriptionState.ENDED) or at is None:
            continue
        key = "past_told" if told_last else f"past_{row.ended_reason}"
        text = words.get(key, words["past_ended"])
        card = card_of(item, locale=locale, campaign="manage")
        title = f"{card.title} ({card.variant})" if card.variant else card.title
        if at >= since:
            on = day(at, item.shop, locale=locale)
            over.append((at, Past(title=title, what=fill(text, day=on))))
    newest_first = sorted(over, key=lambda pair: pair[0], reverse=True)
    return [past for _, past in newest_first[:HISTORY]]
