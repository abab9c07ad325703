"""What in a message is its recipient's own, and what does it say to everybody of a group?

The values that differ between two recipients of the same news are named here, once: links with
their tokens, days of theirs, how many they want. Everything else in a message's context
(services/compose.py) has to be the same for a whole group; the group is written from one form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from notifier.domain.message import ABOUT_ORDERS, MessageKind
from notifier.i18n import duration_words, format_date
from notifier.services.env import Env, ShopRef
from notifier.signing import Purpose
from notifier.store.addressed import Wish
from notifier.store.outbox import MessageRow

Headers = tuple[tuple[str, str], ...]

_NO_LABEL = re.compile(r"[^A-Za-z0-9.-]+|\.(?=\.|$)")  # what a dotted name cannot hold
MANAGE_FOR = timedelta(days=30)
MANAGE_LINK_FOR = timedelta(hours=24)


@dataclass(slots=True)
class Recipient:
    """A message and whom it is to."""

    env: Env
    shop: ShopRef
    message: MessageRow
    subscription: Wish | None

    @property
    def wish(self) -> Wish:
        """The subscription. Raises LookupError where there is none."""
        if self.subscription is None:
            raise LookupError(f"message {self.message.id} belongs to no subscription")
        return self.subscription


Own = Callable[[Recipient], str | int]


def own_values(kind: MessageKind) -> Mapping[str, Own]:
    """How each value that is a recipient's own is found, by its path in the context.

    Empty for messages of which each is written alone.
    """
    return _BY_KIND.get(kind, {})


def with_own(shared: Mapping[str, Any], own: Mapping[str, str | int]) -> dict[str, Any]:
    """The context of one recipient."""
    whole = {
        name: dict(group) if isinstance(group, dict) else group for name, group in shared.items()
    }
    for path, value in own.items():
        group, _, name = path.rpartition(".")
        place = whole[group] if group else whole
        place[name] = value
    return whole


def unsubscribe_link(env: Env, message: MessageRow) -> str:
    """The link that ends it; empty where there is nothing to end."""
    if message.subscription_id is None or message.kind in ABOUT_ORDERS:
        return ""
    return env.token_link("u", Purpose.UNSUBSCRIBE, message.subscription_id)


def list_headers(env: Env, shop: ShopRef, kind: MessageKind) -> Headers:
    """What the mails of a kind have in common beside the link that ends them: that one click does
    (RFC 8058), List-ID (RFC 2919), and Feedback-ID for Gmail's reports."""
    host = urlsplit(env.config.service.public_url).hostname or "localhost"
    name = _NO_LABEL.sub("-", shop.slug).strip("-")
    return (
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-ID", f"<stock-alerts.{name}.{_NO_LABEL.sub('-', host)}>"),
        ("Feedback-ID", f"{kind.value}:{name}:alert:notifier"),  # campaign, customer, type, sender
    )


def with_unsubscribe(link: str, others: Headers) -> Headers:
    """The headers of a mail that ends by this link; none where there is nothing to end."""
    return (("List-Unsubscribe", f"<{link}>"), *others) if link else ()


def day(moment: datetime, shop: ShopRef, locale: str) -> str:
    """The day of a moment where the shop is, in words."""
    return _day_words(moment.astimezone(ZoneInfo(shop.config.time_zone)).date(), locale)


@lru_cache(maxsize=4096)
def _day_words(when: date, locale: str) -> str:
    return format_date(when, locale)


@lru_cache(maxsize=4096)
def _minutes_words(minutes: int, locale: str) -> str:
    return duration_words(timedelta(minutes=minutes), locale)


def _quantity(to: Recipient) -> int:
    return to.wish.quantity


def _asked_on(to: Recipient) -> str:
    return day(to.wish.created_at, to.shop, to.message.locale)


def _expires_in(to: Recipient) -> str:
    left = max(to.wish.expires_at - to.message.created_at, timedelta(hours=1))
    return _minutes_words(max(1, round(left.total_seconds() / 60)), to.message.locale)


def _product_url(to: Recipient) -> str:
    return to.env.token_link("r", Purpose.PRODUCT, to.message.id)


def _unsubscribe(to: Recipient) -> str:
    return unsubscribe_link(to.env, to.message)


def _manage(to: Recipient) -> str:
    until = to.message.created_at + MANAGE_FOR
    return to.env.token_link("m", Purpose.MANAGE, to.wish.contact_id, expires_at=until)


def _confirm(to: Recipient) -> str:
    wish = to.wish
    return to.env.token_link("c", Purpose.CONFIRM, wish.id, expires_at=wish.expires_at)


def _keep(to: Recipient) -> str:
    wish = to.wish
    return to.env.token_link("k", Purpose.KEEP, wish.id, expires_at=wish.expires_at)


def _manage_alone(to: Recipient) -> str:
    until = to.message.created_at + MANAGE_LINK_FOR
    return to.env.token_link("m", Purpose.MANAGE, to.message.contact_id or 0, expires_at=until)


def _asked_for_link_on(to: Recipient) -> str:
    return day(to.message.created_at, to.shop, to.message.locale)


UNSUBSCRIBE: Own = _unsubscribe
"""Finds the link that its headers name too."""

_ALWAYS: Mapping[str, Own] = {
    "product.url": _product_url,
    "quantity": _quantity,
    "asked_on": _asked_on,
    "waiting_since": _asked_on,
    "expires_in": _expires_in,
    "links.unsubscribe": _unsubscribe,
}
_WAITS: Mapping[str, Own] = {**_ALWAYS, "links.manage": _manage}
_BY_KIND: Mapping[MessageKind, Mapping[str, Own]] = {
    # an address that is not confirmed manages nothing
    MessageKind.CONFIRM: {**_ALWAYS, "links.confirm": _confirm, "links.cancel": _unsubscribe},
    MessageKind.WAITING: _WAITS,
    MessageKind.BACK_IN_STOCK: _WAITS,
    MessageKind.REMINDER: _WAITS,
    MessageKind.ETA_REVISED: _WAITS,
    MessageKind.PREORDER_OPEN: _WAITS,
    MessageKind.DISCONTINUED: _WAITS,
    MessageKind.BROADCAST: _WAITS,
    MessageKind.STILL_WAITING: {**_WAITS, "links.keep": _keep},
    MessageKind.MANAGE_LINK: {"links.manage": _manage_alone, "asked_on": _asked_for_link_on},
}

ON_FORMS = frozenset(kind.value for kind in _BY_KIND)
"""Kinds of messages that many get with the same news."""

OF_EVERYBODYS_OWN = frozenset(
    {
        "product.url",
        "links.unsubscribe",
        "links.manage",
        "links.confirm",
        "links.cancel",
        "links.keep",
    }
)
"""Of which no two recipients have the same."""
