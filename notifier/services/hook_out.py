"""How does the shop's own software hear of what happens here?

As messages in the same outbox: Standard Webhooks, at least once, retried over days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notifier.domain.message import Medium, Priority
from notifier.domain.work import Work
from notifier.services.env import Env, ShopRef
from notifier.store import catalogue, outbox, people, releases
from notifier.store.people import SubscriptionRow
from notifier.store.releases import ReleaseRow
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
    """Enqueue `event` for every webhook of the shop that asked for it. Of a subscription or a
    release in `data` they are told the product and the variant."""
    told = [
        name
        for name, hook in shop.config.webhooks.items()
        if "*" in hook.events or event in hook.events
    ]
    if not told:
        return
    named = {**data, **_product_of(tx, data)}
    for name in told:
        tell_webhook(env, tx, shop, name, event=event, data=named)


def tell_release_finished(env: Env, tx: Transaction, shop: ShopRef, release_id: int) -> None:
    """A release is done or was stopped; one that goes on afterwards is told again."""
    row = releases.load_release(tx, release_id)
    if row is not None:
        facts = {"kind": row.kind, "told": row.told, "state": row.state, "reason": row.reason}
        tell_webhooks(env, tx, shop, "release.finished", {"release": row.id, **facts})


def _product_of(tx: Transaction, data: dict[str, Any]) -> dict[str, str | None]:
    """By the shop's own ids. `variant` is None for who waits for any."""
    about: SubscriptionRow | ReleaseRow | None = None
    if "subscription" in data:
        about = people.find_subscription(tx, data["subscription"])
    elif "release" in data:
        about = releases.load_release(tx, data["release"])
    if about is None:
        return {}
    variant = catalogue.find_variants(tx, [about.variant_id or 0]).get(about.variant_id or 0)
    of_product = [variant] if variant else catalogue.variants_of(tx, about.product_id)
    return {
        "product": of_product[0].product_key if of_product else None,
        "variant": variant.key if variant else None,
    }


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
