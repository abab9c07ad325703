"""Where does the tracked link of a message lead, and that somebody followed it?

The address comes from our own catalogue, never from the request: there is nothing to redirect
elsewhere with.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from notifier.errors import NotFound, StoreBusy
from notifier.log import log
from notifier.services.env import Env, ShopRef
from notifier.services.product_words import product_title
from notifier.services.reserve import held_for
from notifier.store import catalogue, clicks, outbox, people
from notifier.store import events as event_store
from notifier.store.catalogue import VariantRow
from notifier.store.outbox import MessageRow
from notifier.store.reservations import ReservationRow
from notifier.store.session import Transaction

_SAFE = "%!$&'()*+,;=:@/?~-._[]"  # what an address may hold; everything else is escaped

HOLD_ARGUMENT = "notifier_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the link leads. `url` is empty when the product has no page any more."""

    url: str
    title: str
    locale: str
    shop: ShopRef
    held: ReservationRow | None = None  # what the message kept for its reader


def find_target(env: Env, message_id: int, *, counted: bool) -> Target:
    """The product page of a message, with utm values; a click is noted when `counted`.

    Raises errors.NotFound when message, product or shop are not stored any more.
    """
    with env.db.read() as tx:
        message = outbox.find_message(tx, message_id=message_id)
        variant = _variant_of(tx, message) if message else None
        held = held_for(tx, message) if message else None
    shop = env.shop_by_id(message.shop_id) if message else None
    if message is None or variant is None or shop is None:
        raise NotFound("Nothing is stored for this link any more.")
    url = product_url(variant, medium=message.medium, campaign=message.kind)
    if counted and url:
        _count(env, message)
    return Target(
        url=url,
        title=product_title(variant, message.locale),
        locale=message.locale,
        shop=shop,
        held=held,
    )


def _variant_of(tx: Transaction, message: MessageRow) -> VariantRow | None:
    """What the message is about: its event's variant, else the one its subscription names."""
    event = event_store.load_event(tx, message.event_id) if message.event_id else None
    if event is not None:
        return catalogue.find_variants(tx, [event.variant_id]).get(event.variant_id)
    row = people.find_subscription(tx, message.subscription_id) if message.subscription_id else None
    if row is None:
        return None
    if row.variant_id is not None:
        return catalogue.find_variants(tx, [row.variant_id]).get(row.variant_id)
    return next(iter(catalogue.variants_of(tx, row.product_id)), None)


def product_url(variant: VariantRow, *, medium: str = "", campaign: str = "") -> str:
    """The variant's page, with utm values added where the shop has none of its own.

    Empty when it is not published or its address is none a browser should open.
    """
    if not variant.published:
        return ""
    try:
        parts = urlsplit(variant.page_url.strip())
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    added = {"utm_source": "notifier", "utm_medium": medium, "utm_campaign": campaign}
    own = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    extra = urlencode({name: text for name, text in added.items() if text and name not in own})
    query = "&".join(part for part in (quote(parts.query, safe=_SAFE), extra) if part)
    path = quote(parts.path, safe=_SAFE) or "/"
    return urlunsplit((parts.scheme, parts.netloc, path, query, quote(parts.fragment, safe=_SAFE)))


def with_hold(url: str, token: str) -> str:
    """The product's address with the proof of a reservation, for the shop's checkout."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode({HOLD_ARGUMENT: token})) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def _count(env: Env, message: MessageRow) -> None:
    """Note the click. A database that is busy does not keep the customer from the shop."""
    try:
        env.db.together(
            lambda tx: clicks.record_click(
                tx,
                message_id=message.id,
                subscription_id=message.subscription_id,
                at=env.now(),
            )
        )
    except StoreBusy as error:
        log.warning("click not counted: database busy", message=message.id, why=str(error))
