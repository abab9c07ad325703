"""What happens when an address says stop by a way that names no single subscription?

STOP by SMS, a complaint to the mail provider, an opt-out there: never written to again, everything
it waits for ends, nothing queued leaves, and the consent book says so.
"""

from __future__ import annotations

from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env
from notifier.store import ledger, people, shut_addresses
from notifier.store.session import Transaction


def withdraw_address(
    env: Env,
    tx: Transaction,
    address_hash: str,
    *,
    medium: str,
    reason: str,
    ended: EndedReason,
    source: str,
) -> bool:
    """True when the address was not shut for this reason before. Works for unknown ones too."""
    now = env.now()
    news = shut_addresses.suppress(
        tx, address_hash=address_hash, reason=reason, source=source, at=now
    )
    contact = people.find_contact(tx, address_hash=address_hash)
    states = [state.value for state in (*ACTIVE, SubscriptionState.TOLD)]
    rows = people.subscriptions_of(tx, contact.id, states=states) if contact else []
    ids = [row.id for row in rows]
    end_subscriptions(env, tx, ids, ended=ended, reason=source, also_told=True)
    if news or ids:
        ledger.append(
            tx,
            book="consent",
            act="withdrawn",
            at=now,
            facts={
                "medium": medium,
                "purpose": "alerts",
                "method": reason,
                "source": source,
                "scope": "address",
                "subscriptions": ids,
            },
            address_hash=address_hash,
        )
    return news
