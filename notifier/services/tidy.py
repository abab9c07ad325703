"""What has been kept long enough?

In small batches, so that nobody waits behind it; running it twice deletes nothing twice. A
retention of 0 keeps for ever (trust CP-8, acceptance A19).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from notifier.domain.subscription import SubscriptionState
from notifier.log import log
from notifier.services.env import Env
from notifier.store import idempotency, ledger, limits, purge
from notifier.store.session import Transaction

BATCH = 500
ANSWERS_FOR = timedelta(hours=24)


def tidy(env: Env) -> dict[str, int]:
    """Delete what is past its retention; how many rows of each sort."""
    now = env.now()
    keep = env.config.retention
    counts = {
        "unconfirmed": _purge(
            env,
            keep.purge_unconfirmed,
            lambda tx, before: purge.subscriptions_before(
                tx, states=[SubscriptionState.UNCONFIRMED], before=before, limit=BATCH
            ),
        ),
        "ended": _purge(
            env,
            keep.ended,
            lambda tx, before: purge.subscriptions_before(
                tx,
                states=[SubscriptionState.ENDED, SubscriptionState.TOLD],
                before=before,
                limit=BATCH,
            ),
        ),
        "messages": _purge(
            env,
            keep.messages,
            lambda tx, before: purge.messages_before(tx, before=before, limit=BATCH),
        ),
        "receipts": _purge(
            env,
            keep.receipts,
            lambda tx, before: purge.receipts_before(tx, before=before, limit=BATCH),
        ),
        "network": _purge(
            env,
            keep.network,
            lambda tx, before: ledger.erase_personal_before(tx, before=before, limit=BATCH),
        ),
        "limits": env.db.retry(lambda tx: limits.forget_old(tx, now=now)),
        "answers": env.db.retry(lambda tx: idempotency.forget_before(tx, before=now - ANSWERS_FOR)),
        "contacts": env.db.retry(lambda tx: purge.contacts_without_anything(tx, limit=BATCH)),
    }
    log.info("tidied", **counts)
    return counts


def _purge(env: Env, keep: timedelta, work: Callable[[Transaction, datetime], int]) -> int:
    if not keep:
        return 0
    before = env.now() - keep
    total = 0
    while True:
        count = env.db.retry(lambda tx: work(tx, before))
        total += count
        if count < BATCH:
            return total
