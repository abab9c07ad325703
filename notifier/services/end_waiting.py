"""How does a customer end what they wait for, or say by link that they still wait?

The withdrawal goes into the ledger. Doing the same thing twice is harmless and says so.
"""

from __future__ import annotations

from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.errors import NotFound
from notifier.services.consent import Circumstances, keep_consent
from notifier.services.done import Done
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env
from notifier.services.own_items import load_items, shop_of
from notifier.store import people
from notifier.store.session import Transaction


def end(
    env: Env,
    subscription_id: int,
    *,
    circumstances: Circumstances,
    reason: EndedReason = EndedReason.CUSTOMER,
    method: str = "link",
) -> Done:
    """End one subscription. From the moment this returns, nothing more is sent for it.

    That includes one that was told already: no reminder follows.
    """

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound("Nothing is stored for this link any more.")
        if row.state == SubscriptionState.ENDED:
            return Done.ALREADY
        contact = people.find_contact(tx, contact_id=row.contact_id)
        end_subscriptions(env, tx, [row.id], ended=reason, reason=method, also_told=True)
        keep_consent(
            env,
            tx,
            row,
            act="withdrawn",
            shop=env.shop_by_id(row.shop_id) or row.shop_id,
            address_hash=contact.address_hash if contact else "",
            circumstances=circumstances,
            method=method,
        )
        return Done.ENDED

    return env.db.retry(work)


def end_all(env: Env, contact_id: int, *, circumstances: Circumstances) -> int:
    """End everything one address waits for; how many ended."""
    states = [state.value for state in (*ACTIVE, SubscriptionState.TOLD)]
    _, items = load_items(env, contact_id, states=states)
    done = [
        end(env, item.subscription.id, circumstances=circumstances, method="link_all")
        for item in items
    ]
    return sum(one is Done.ENDED for one in done)


def keep(env: Env, subscription_id: int) -> Done:
    """ "Still interested": wait for another lifetime."""

    def work(tx: Transaction) -> Done:
        row = people.find_subscription(tx, subscription_id, for_update=True)
        if row is None:
            raise NotFound("Nothing is stored for this link any more.")
        if row.state not in (SubscriptionState.WAITING, SubscriptionState.PAUSED):
            return Done.TOO_LATE
        shop = shop_of(env, row)
        people.move_subscriptions(
            tx,
            [row.id],
            expires_at=env.now() + shop.config.subscription_lifetime,
            renewal_asked_at=None,
        )
        return Done.CONFIRMED

    return env.db.retry(work)
