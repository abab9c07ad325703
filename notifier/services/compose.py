"""What does one message say to this person?

Turns rows into the plain context that templates are given (domain/message_context.py), renders it
and addresses the letter. Everything is loaded for a batch at once, in the transaction that claims
the batch; rendering happens after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from notifier.channels.base import Letter
from notifier.domain.broadcast import is_to_all_of_product
from notifier.domain.message import ABOUT_ORDERS, TO_MERCHANT, Medium, MessageKind
from notifier.domain.stock import Stock
from notifier.i18n import duration_words, eta_words
from notifier.rendering import Renderer
from notifier.services.compose_broadcast import news_of
from notifier.services.compose_merchant import merchant_values
from notifier.services.compose_order import order_context
from notifier.services.compose_own import (
    MANAGE_LINK_FOR,
    Recipient,
    list_headers,
    own_values,
    unsubscribe_link,
    with_own,
    with_unsubscribe,
)
from notifier.services.env import Env, ShopRef
from notifier.services.held_until import held_until_words
from notifier.services.line_length import wants_more
from notifier.services.order_matter import OrderMatter, load_matters

# also known by these names to those who asked here before
from notifier.services.product_words import money, product_title, variant_title
from notifier.services.read_eta import read_iso
from notifier.signing import Purpose
from notifier.store import catalogue
from notifier.store import events as event_store
from notifier.store import stock as stock_store
from notifier.store.addressed import Addressee, Wish, find_addressees, find_wishes
from notifier.store.catalogue import VariantRow
from notifier.store.events import EventRow
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction


@dataclass(slots=True, kw_only=True)
class Batch:
    """All rows a batch of messages is about."""

    contacts: dict[int, Addressee] = field(default_factory=dict)
    subscriptions: dict[int, Wish] = field(default_factory=dict)
    events: dict[int, EventRow] = field(default_factory=dict)
    variants: dict[int, VariantRow] = field(default_factory=dict)
    stock: dict[int, Stock] = field(default_factory=dict)
    by_product: dict[int, list[VariantRow]] = field(default_factory=dict)
    alternatives: dict[tuple[int, str], VariantRow] = field(default_factory=dict)
    limited: dict[int, bool] = field(default_factory=dict)  # variants of which more are wanted
    orders: dict[int, OrderMatter] = field(default_factory=dict)  # by message


def load_batch(env: Env, tx: Transaction, messages: Sequence[MessageRow]) -> Batch:
    """Everything needed to check and compose these messages."""
    batch = Batch(
        contacts=find_addressees(tx, (m.contact_id for m in messages if m.contact_id)),
        subscriptions=find_wishes(tx, (m.subscription_id for m in messages if m.subscription_id)),
        orders=load_matters(env, tx, messages),
    )
    for event_id in {m.event_id for m in messages if m.event_id}:
        event = event_store.load_event(tx, event_id)
        if event is not None:
            batch.events[event_id] = event
    ids = {event.variant_id for event in batch.events.values()}
    ids |= {s.variant_id for s in batch.subscriptions.values() if s.variant_id is not None}
    for product_id in {s.product_id for s in batch.subscriptions.values()}:
        siblings = catalogue.variants_of(tx, product_id)
        batch.by_product[product_id] = siblings
        ids |= {one.id for one in siblings}
    batch.variants = catalogue.find_variants(tx, ids)
    batch.stock = stock_store.load_stock(tx, ids)
    for event in batch.events.values():
        _load_for_event(env, tx, batch, event)
    return batch


def _load_for_event(env: Env, tx: Transaction, batch: Batch, event: EventRow) -> None:
    variant = batch.variants.get(event.variant_id)
    if variant is None:
        return
    belief = batch.stock.get(event.variant_id)
    if event.variant_id not in batch.limited and belief and belief.quantity is not None:
        batch.limited[event.variant_id] = wants_more(
            env.db,
            tx,
            belief.quantity,
            product_id=event.product_id,
            variant_id=event.variant_id,
        )
    found = catalogue.find_variants_by_key(tx, event.shop_id, variant.alternatives)
    batch.alternatives.update(((event.shop_id, key), row) for key, row in found.items())


def compose(
    env: Env, renderer: Renderer, message: MessageRow, batch: Batch, *, attempt_no: int
) -> Letter:
    """The finished letter. Raises errors.TemplateProblem when it cannot be written."""
    shop = env.shop_by_id(message.shop_id)
    if shop is None:
        raise LookupError(f"message {message.id} belongs to a shop that is not configured")
    contact = batch.contacts.get(message.contact_id) if message.contact_id else None
    rendered = renderer.render(
        MessageKind(message.kind),
        medium=Medium(message.medium),
        shop=shop.slug,
        locale=message.locale,
        context=context_of(env, shop, message, batch),
    )
    link = unsubscribe_link(env, message) if message.medium == Medium.EMAIL else ""
    return Letter(
        message_id=message.id,
        uid=env.signer.make(Purpose.MESSAGE, message.id),
        attempt_no=attempt_no,
        kind=message.kind,
        address=contact.address if contact else message.address,
        shop=shop.slug,
        locale=rendered.locale,
        sender=shop.config.sender,
        reply_to=shop.config.reply_to or shop.config.support_email,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        short=rendered.short,
        headers=with_unsubscribe(link, list_headers(env, shop, MessageKind(message.kind))),
        not_after=message.expires_at,
        first_tried_at=message.first_tried_at,
        is_retry_of_unknown=message.unknowns > 0,
        template_version=rendered.version,
    )


def context_of(env: Env, shop: ShopRef, message: MessageRow, batch: Batch) -> dict[str, Any]:
    """The values its template is given. Raises TemplateProblem, LookupError."""
    kind = MessageKind(message.kind)
    if kind in ABOUT_ORDERS:
        return order_context(env, shop_values(shop), message, _matter(message, batch))
    shared = shared_context(env, shop, message, batch)
    subscription = batch.subscriptions.get(message.subscription_id or 0)
    to = Recipient(env, shop, message, subscription)
    return with_own(shared, {path: own(to) for path, own in own_values(kind).items()})


def shared_context(env: Env, shop: ShopRef, message: MessageRow, batch: Batch) -> dict[str, Any]:
    """What is the same for all who are told the same: all but compose_own.own_values.

    Not for what is about an order. Raises LookupError.
    """
    kind = MessageKind(message.kind)
    base = {"kind": message.kind, "shop": shop_values(shop)}
    if kind in TO_MERCHANT:
        return {**base, **merchant_values(env, shop, message)}
    if kind is MessageKind.MANAGE_LINK:
        expires_in = duration_words(MANAGE_LINK_FOR, message.locale)
        return {**base, "links": {"unsubscribe": ""}, "expires_in": expires_in}
    return {**base, **_about_product(env, shop, message, batch)}


def _matter(message: MessageRow, batch: Batch) -> OrderMatter:
    matter = batch.orders.get(message.id)
    if matter is None:
        raise LookupError(f"message {message.id} is about an order line that is not there")
    return matter


def shop_values(shop: ShopRef) -> dict[str, Any]:
    """The group `shop` of a message's values."""
    own = shop.config
    return {
        "name": own.name,
        "url": own.url,
        "support_email": own.support_email,
        "postal_address": own.postal_address,
        "logo_url": own.logo_url,
        "accent": own.accent,
        "discreet": own.discreet,
    }


def _about_product(env: Env, shop: ShopRef, message: MessageRow, batch: Batch) -> dict[str, Any]:
    subscription = batch.subscriptions[message.subscription_id or 0]
    event = batch.events.get(message.event_id) if message.event_id else None
    variant = _variant(subscription, event, batch)
    belief = batch.stock.get(variant.id)
    locale = message.locale
    any_variant = subscription.variant_id is None
    is_broadcast = message.kind == MessageKind.BROADCAST
    news = news_of(shop, event, variant, locale=locale) if is_broadcast else {}
    return {
        "product": _product(variant, locale),
        "variant": {
            "title": ""
            if any_variant and (event is None or is_broadcast)
            else variant_title(variant, locale)
        },
        **news,
        "any_variant": any_variant,
        "stock": _stock(belief, variant, batch),
        "availability": belief.availability.value if belief else "unknown",
        "eta": _eta(env, shop, belief, event, locale=locale),
        "alternatives": _alternatives(shop, variant, batch, locale=locale),
        "links": {},
        "held_until": held_until_words(shop, message),
        "incentive": _incentive(event),
    }


def _incentive(event: EventRow | None) -> dict[str, str]:
    """What early birds get, as it was when the pre-order opened."""
    given = (event.facts.get("incentive") if event else None) or {}
    return {name: str(given.get(name, "")) for name in ("code", "text")}


def _variant(subscription: Wish, event: EventRow | None, batch: Batch) -> VariantRow:
    if event is not None and not is_to_all_of_product(event.facts):
        return batch.variants[event.variant_id]
    if subscription.variant_id is not None:
        return batch.variants[subscription.variant_id]
    return batch.by_product[subscription.product_id][0]


def _product(variant: VariantRow, locale: str) -> dict[str, Any]:
    return {
        "title": product_title(variant, locale),
        "image_url": variant.picture_url,
        "price": money(variant.price, variant.currency, locale),
        "regular_price": money(variant.regular_price, variant.currency, locale),
    }


def _stock(belief: Stock | None, variant: VariantRow, batch: Batch) -> dict[str, Any]:
    quantity = belief.quantity if belief else None
    return {"quantity": quantity, "limited": batch.limited.get(variant.id, False)}


def _eta(
    env: Env, shop: ShopRef, belief: Stock | None, event: EventRow | None, *, locale: str
) -> dict[str, Any]:
    today = env.now().astimezone(ZoneInfo(shop.config.time_zone)).date()
    eta = belief.eta if belief else None
    was = read_iso(str((event.facts.get("eta_before") if event else "") or ""))
    return {
        "text": "" if eta is None or eta.is_past(today) else eta_words(eta, locale, today),
        "was": eta_words(was, locale, today) if was else "",
        "overdue": bool(eta and eta.is_past(today)),
    }


def _alternatives(
    shop: ShopRef, variant: VariantRow, batch: Batch, *, locale: str
) -> list[dict[str, str]]:
    offered = [batch.alternatives.get((shop.id, key)) for key in variant.alternatives]
    return [
        {
            "title": product_title(one, locale),
            "url": one.page_url,
            "image_url": one.picture_url,
            "price": money(one.price, one.currency, locale),
        }
        for one in offered
        if one is not None and one.published and one.page_url
    ][:4]
