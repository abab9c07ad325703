"""How does the shop's own software hear of what happens here?

As messages in the same outbox: Standard Webhooks, at least once, retried over days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifier.domain.message import Medium, Priority
from notifier.domain.work import Work
from notifier.services.env import Env, ShopRef
from notifier.store import outbox
from notifier.store.session import Transaction, soon

KEEP_TRYING = timedelta(days=3)


PING = "notifier.ping"
# What a webhook can ask for (docs/architecture.md).
HOOK_EVENTS = (
    "stock.back_in_stock",
    "stock.eta_revised",
    "stock.preorder_open",
    "subscription.confirmed",
    "subscription.ended",
    "message.bounced",
    "release.finished",
    "source.stale",
    "breaker.tripped",
    "alerts.braked",
    "backorder.changed",
    "order.consented",
    "order.changed",
    "order.cancel_requested",
    "refund.required",
)


def webhook_channel(shop_slug: str, name: str) -> str:
    """The outbox's name for one of a shop's webhooks."""
    return f"webhook:{shop_slug}:{name}"


def tell_webhooks(
    env: Env, tx: Transaction, shop: ShopRef, event: str, data: dict[str, Any]
) -> None:
    """Enqueue `event` for every webhook of the shop that asked for it."""
    for name, hook in shop.config.webhooks.items():
        if "*" in hook.events or event in hook.events:
            tell_webhook(env, tx, shop, name, event=event, data=data)


def tell_webhook(
    env: Env, tx: Transaction, shop: ShopRef, name: str, *, event: str, data: dict[str, Any]
) -> int:
    """Enqueue `event` for this webhook; the message's id."""
    now = env.now()
    soon(tx, Work.DELIVER)
    return outbox.add_message(
        tx,
        outbox.NewMessage(
            shop_id=shop.id,
            kind=f"hook:{event}"[:32],
            medium=Medium.WEBHOOK.value,
            channel=webhook_channel(shop.slug, name),
            locale=shop.config.locale,
            priority=Priority.MERCHANT,
            due_at=now,
            facts={"type": event, "timestamp": now.isoformat(), "data": data},
            expires_at=now + KEEP_TRYING,
        ),
        now=now,
    )
