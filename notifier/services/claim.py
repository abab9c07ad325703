"""Which messages does a sender take next, and which of those due must not go now?

In one transaction: read what is due, look at each anew, skip or put off what must not go, lease
the rest (trust RL-3, RL-7).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from notifier.services import order_sent
from notifier.services.compose import Batch, load_batch
from notifier.services.env import Env
from notifier.services.hook_out import tell_release_finished
from notifier.services.recheck import recheck
from notifier.store import claims, outbox, releases
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction


@dataclass(slots=True, kw_only=True)
class Claimed:
    """`looked_at`: also those that were skipped or put off. `last_release`: who had the last turn
    among the releases."""

    messages: list[MessageRow] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    looked_at: int = 0
    last_release: int = 0


def claim_due(
    env: Env, tx: Transaction, *, channel: str, owner: str, limit: int, after_release: int = 0
) -> Claimed:
    """Lease the next messages of a channel; skip or postpone what must not go now."""
    now = env.now()
    found = claims.select_due(
        tx, channel=channel, now=now, limit=limit, after_release=after_release
    )
    if not found:
        return Claimed()
    batch = load_batch(env, tx, found)
    verdict = recheck(env, tx, found, batch)
    for reason, ids in verdict.skip.items():
        outbox.skip(tx, ids, reason=reason, now=now)
        skipped = set(ids)
        order_sent.look_again_soon(env, tx, [one for one in found if one.id in skipped])
    _stop_sold_out(env, tx, found, verdict.sold_out_releases)
    outbox.postpone_all(tx, verdict.postpone)
    ids = [message.id for message in verdict.send]
    claims.claim(tx, ids, owner=owner, now=now, lease=env.config.delivery.lease)
    return Claimed(
        messages=verdict.send,
        batch=batch,
        looked_at=len(found),
        last_release=[0, *dict.fromkeys(one.release_id for one in found if one.release_id)][-1],
    )


def _stop_sold_out(
    env: Env, tx: Transaction, messages: Sequence[MessageRow], release_ids: Collection[int]
) -> None:
    shops = {one.release_id: one.shop_id for one in messages}
    for release_id in releases.stop_sold_out(tx, sorted(release_ids), now=env.now()):
        shop = env.shop_by_id(shops[release_id])
        if shop is not None:
            tell_release_finished(env, tx, shop, release_id)
