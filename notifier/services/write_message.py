"""How does one message about one subscription get into the outbox?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from notifier.domain.message import Medium, MessageKind, priority_of
from notifier.domain.work import Work
from notifier.services.env import Env, ShopRef
from notifier.store import outbox
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction, soon

# A confirmation or a link somebody waits for is worth sending for a day, not longer.
WORTH_SENDING = timedelta(hours=24)


class Subscribed(Protocol):
    """What a message needs to know of a subscription."""

    @property
    def id(self) -> int: ...
    @property
    def contact_id(self) -> int: ...
    @property
    def medium(self) -> str: ...
    @property
    def locale(self) -> str: ...


def channel_name(shop: ShopRef, medium: str) -> str:
    """The configured channel that carries this medium for the shop; empty: none does."""
    if medium == Medium.SMS:
        return shop.config.sms_channel
    return shop.config.mail_channel


def media_of(env: Env, shop: ShopRef) -> list[str]:
    """The ways this shop can reach customers."""
    return [
        medium.value
        for medium in (Medium.EMAIL, Medium.SMS)
        if channel_name(shop, medium) in env.config.channels
    ]


def write_message(
    env: Env,
    tx: Transaction,
    kind: MessageKind,
    *,
    shop: ShopRef,
    subscription: SubscriptionRow,
    facts: dict[str, Any] | None = None,
    due_at: datetime | None = None,
    event_id: int | None = None,
) -> int:
    """Enqueue one message about a subscription, in its frozen language; the outbox id.

    `event_id`: the event it tells of, of which this subscription must have no message yet.
    """
    soon(tx, Work.DELIVER)
    new = new_message(
        env,
        kind,
        shop=shop,
        subscription=subscription,
        facts=facts,
        due_at=due_at,
        event_id=event_id,
    )
    return outbox.add_message(tx, new, now=env.now())


def new_message(
    env: Env,
    kind: MessageKind,
    *,
    shop: ShopRef,
    subscription: Subscribed,
    facts: dict[str, Any] | None = None,
    due_at: datetime | None = None,
    event_id: int | None = None,
) -> outbox.NewMessage:
    """What `write_message` enqueues."""
    now = env.now()
    return outbox.NewMessage(
        shop_id=shop.id,
        kind=kind.value,
        medium=subscription.medium,
        channel=channel_name(shop, subscription.medium),
        contact_id=subscription.contact_id,
        subscription_id=subscription.id,
        event_id=event_id,
        locale=subscription.locale,
        priority=priority_of(kind),
        due_at=due_at or now,
        expires_at=(due_at or now) + WORTH_SENDING,
        facts=facts,
    )
