"""What ends with a subscription, and with an address that is not written to again?"""

from __future__ import annotations

from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.services.env import Env
from notifier.services.hook_out import tell_webhooks
from notifier.store import outbox, people, shut_addresses
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction


def shut_address(
    env: Env,
    tx: Transaction,
    message: MessageRow,
    *,
    ended: EndedReason,
    source: str,
) -> None:
    """Never write to this address again, and end what waits for it."""
    contact = people.find_contact(tx, contact_id=message.contact_id) if message.contact_id else None
    if contact is None:
        return
    now = env.now()
    shut_addresses.suppress(
        tx, address_hash=contact.address_hash, reason=ended.value, source=source, at=now
    )
    waiting = people.subscriptions_of(tx, contact.id, states=[state.value for state in ACTIVE])
    end_subscriptions(env, tx, [one.id for one in waiting], ended=ended, reason=source)
    shop = env.shop_by_id(message.shop_id)
    if shop is not None:
        tell_webhooks(
            env,
            tx,
            shop,
            "message.bounced",
            {"message": message.id, "kind": message.kind, "reason": ended.value, "code": source},
        )


def end_subscriptions(
    env: Env,
    tx: Transaction,
    ids: list[int],
    *,
    ended: EndedReason,
    reason: str = "",
    also_told: bool = False,
) -> int:
    """End active subscriptions and stop what is queued for them; how many ended.

    `also_told`: those that were told too, so that no reminder follows.
    """
    now = env.now()
    states = (*ACTIVE, SubscriptionState.TOLD) if also_told else ACTIVE
    moved = people.move_subscriptions(
        tx,
        ids,
        from_states=[state.value for state in states],
        state=SubscriptionState.ENDED.value,
        ended_reason=ended.value,
        reason=reason[:200],
        ended_at=now,
    )
    outbox.end_open_messages(tx, subscription_ids=ids, reason=f"ended_{ended.value}", now=now)
    for id_ in ids:
        one = people.find_subscription(tx, id_)
        shop = env.shop_by_id(one.shop_id) if one else None
        if one is not None and shop is not None and one.ended_at == now:
            tell_webhooks(
                env,
                tx,
                shop,
                "subscription.ended",
                {"subscription": id_, "reason": ended.value},
            )
    return moved
