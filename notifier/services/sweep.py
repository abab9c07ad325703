"""What was forgotten, and what has become due only because time went by?

The safety net under events: wakes paused subscriptions, asks "still interested?", reminds once,
tells of a new date that was held back, and finds people who wait for what is there (trust RL-21,
RL-31).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from notifier.domain.message import MessageKind
from notifier.domain.stock import EventKind
from notifier.domain.subscription import EndedReason, SubscriptionState
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env, ShopRef
from notifier.services.eta_again import find_owed
from notifier.services.steer_release import settle_half_done
from notifier.services.tell_each import AGAIN
from notifier.services.weigh_again import weigh_again
from notifier.services.write_message import write_message
from notifier.store import events, people, releases, switches, waiting
from notifier.store.session import Transaction

CHUNK = 200
GRACE = timedelta(days=14)  # to answer "still interested?"
STOPPED = ("person", "breaker")  # by somebody's word: only a new restock starts again
SETTLE = timedelta(minutes=1)  # what is under way is not forgotten


def sweep(env: Env) -> int:
    """One pass; how many rows were moved."""
    now = env.now()
    moved = _where_any(
        env,
        lambda tx: waiting.paused_until(tx, now=now, limit=1),
        lambda tx: _wake_paused(env, tx),
    )
    # where it stopped at the moment at which the goods came back
    moved += env.db.retry(lambda tx: releases.resume_all_sold_out(tx, now=env.now()))
    moved += settle_half_done(env)
    for shop in env.shops.values():
        moved += weigh_again(env, shop)
    moved += _where_any(
        env,
        lambda tx: waiting.waiting_for_what_is_there(tx, before=now - SETTLE, limit=1),
        lambda tx: _find_forgotten(env, tx),
    )
    with env.db.read() as tx:
        off = switches.all_off(tx, now=env.now())
    for shop in env.shops.values():
        if switches.of_shop(shop.slug) in off or switches.of_alerts(shop.slug) in off:
            continue  # a question that waits is stale when it leaves, and silence is an answer
        moved += env.db.retry(partial(_ask_still_waiting, env, shop))
        moved += env.db.retry(partial(_remind, env, shop))
        moved += _where_any(
            env, partial(find_owed, shop=shop, now=now), partial(_tell_date_again, env, shop)
        )
    return moved


def _where_any(
    env: Env, look: Callable[[Transaction], Sequence[Any]], move: Callable[[Transaction], int]
) -> int:
    """Move in a writing transaction what a look finds; the look may be a long one, along all who
    wait, and holds up nobody."""
    with env.db.read() as tx:
        if not look(tx):
            return 0
    return env.db.retry(move)


def _wake_paused(env: Env, tx: Transaction) -> int:
    ids = waiting.paused_until(tx, now=env.now(), limit=CHUNK, for_update=True)
    return people.move_subscriptions(
        tx,
        ids,
        from_states=[SubscriptionState.PAUSED.value],
        state=SubscriptionState.WAITING.value,
        paused_until=None,
    )


def _find_forgotten(env: Env, tx: Transaction) -> int:
    """People who wait for a variant that is there, while no release is telling them.

    They came in by resuming a pause, or signed up in a dip of a flapping variant, or their message
    was skipped for a reason that is over. Releases that a person stopped stay stopped, and what a
    person must decide on waits for that.
    """
    now = env.now()
    found = waiting.waiting_for_what_is_there(tx, before=now - SETTLE, limit=CHUNK)
    for one in found:
        last = releases.latest_release(tx, one.variant_id, kind=EventKind.BACK_IN_STOCK)
        if last is not None and (last.state in ("running", "paused") or last.reason in STOPPED):
            continue
        events.add_event(
            tx,
            shop_id=one.shop_id,
            product_id=one.product_id,
            variant_id=one.variant_id,
            kind=EventKind.BACK_IN_STOCK.value,
            at=now,
            epoch=one.epoch,
            sequence=f"sweep {now.isoformat()}",
            facts={"quantity": one.quantity, "availability": one.availability, AGAIN: True},
        )
    return len(found)


def _tell_date_again(env: Env, shop: ShopRef, tx: Transaction) -> int:
    """Make up for new dates that came too soon after the last notice to be told to everybody.

    A variant at most once an hour: whose interval passes within it is told together.
    """
    now = env.now()
    made = 0
    for one in find_owed(tx, shop, now=now):
        last = releases.latest_release(tx, one.variant_id, kind=EventKind.ETA_REVISED)
        if last is not None and (last.state in ("running", "paused") or last.reason in STOPPED):
            continue
        event = events.add_event(
            tx,
            shop_id=shop.id,
            product_id=one.product_id,
            variant_id=one.variant_id,
            kind=EventKind.ETA_REVISED.value,
            at=now,
            epoch=one.belief.epoch,
            sequence=f"again {now:%Y-%m-%dT%H}",
            facts={
                "quantity": one.belief.quantity,
                "availability": one.belief.availability.value,
                "eta": one.belief.eta.iso() if one.belief.eta else None,
                "eta_before": one.told or None,
                AGAIN: True,
            },
        )
        made += event is not None
    return made


def _ask_still_waiting(env: Env, shop: ShopRef, tx: Transaction) -> int:
    """At the end of a subscription's lifetime: one question, then silence ends it (CP-9)."""
    now = env.now()
    rows = waiting.expired(tx, shop_id=shop.id, now=now, limit=CHUNK)
    for row in rows:
        if row.renewal_asked_at is not None:
            end_subscriptions(env, tx, [row.id], ended=EndedReason.EXPIRED)
            continue
        people.move_subscriptions(tx, [row.id], renewal_asked_at=now, expires_at=now + GRACE)
        fresh = people.find_subscription(tx, row.id)
        if fresh is not None:
            write_message(env, tx, MessageKind.STILL_WAITING, shop=shop, subscription=fresh)
    return len(rows)


def _remind(env: Env, shop: ShopRef, tx: Transaction) -> int:
    """Remind once whoever was told, did not come, and could still buy."""
    after = shop.config.release.reminder_after
    if not after:
        return 0
    now = env.now()
    rows = waiting.told_and_not_seen(
        tx, shop_id=shop.id, told_before=now - after, told_after=now - after * 2, limit=CHUNK
    )
    for row in rows:
        people.move_subscriptions(tx, [row.id], reminded_at=now)
        write_message(env, tx, MessageKind.REMINDER, shop=shop, subscription=row)
    return len(rows)
