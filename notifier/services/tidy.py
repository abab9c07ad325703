"""What has been kept long enough?

In small batches, and after people who wait, so that nobody waits behind it; running it twice
deletes nothing twice. What cannot be deleted keeps nothing else from being deleted: a person is
called, and the rest goes on.
A retention of 0 keeps for ever (trust CP-8, acceptance A19).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from notifier.domain.order_delay import State
from notifier.domain.subscription import SubscriptionState
from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.env import Env
from notifier.services.session_of import forget_over
from notifier.store import (
    idempotency,
    leases,
    ledger,
    limits,
    people,
    personal,
    purge,
    purge_history,
)
from notifier.store.leases import RATE_GROUPS
from notifier.store.patience import make_way
from notifier.store.purge_history import Found, delete_found
from notifier.store.session import Transaction

BATCH = 500
ANSWERS_FOR = timedelta(hours=24)
LONG_GONE = timedelta(hours=1)  # a sender that shares a rate says so every few seconds
SAID_WITHIN = timedelta(days=30)  # an answer to a message comes by then
AT_MOST = 600.0  # seconds for one sort of rows; the next run goes on
FAILED = "tidy.failed"

_FULFILLED = (State.SHIPPED, State.DELIVERED, State.REFUNDED)
_FINISHED = (SubscriptionState.ENDED, SubscriptionState.TOLD)


class Walk(Protocol):
    """What can go of one batch of rows older than `before`, behind the place `after`."""

    def __call__(self, tx: Transaction, *, before: datetime, after: int, limit: int) -> Found: ...


def tidy(env: Env, *, at_most: float = AT_MOST) -> dict[str, int]:
    """Delete what is past its retention; how many rows of each sort."""
    counts = {name: _do(env, name, work) for name, work in _works(env, at_most).items()}
    log.info("tidied", **counts)
    return counts


def _works(env: Env, at_most: float) -> Mapping[str, Callable[[], int]]:
    """What there is to do. Messages before releases, and these before events: the one needs the
    other."""
    now = env.now()
    keep = env.config.retention

    def purged(kept: timedelta, work: Callable[..., int]) -> Callable[[], int]:
        return lambda: _purge(env, work, before=now - kept, at_most=at_most) if kept else 0

    def walked(kept: timedelta, walk: Walk) -> Callable[[], int]:
        return lambda: _walk(env, walk, before=now - kept, at_most=at_most) if kept else 0

    unconfirmed = partial(purge.subscriptions_before, states=[SubscriptionState.UNCONFIRMED])
    answered = now - ANSWERS_FOR
    return {
        "unconfirmed": purged(keep.purge_unconfirmed, unconfirmed),
        "ended": purged(keep.ended, partial(purge.subscriptions_before, states=_FINISHED)),
        "messages": purged(keep.messages, purge.messages_before),
        "orders": purged(keep.orders, partial(purge.orders_before, states=_FULFILLED)),
        "receipts": walked(keep.receipts, purge_history.receipts_before),
        "network": lambda: (
            _erase(env, before=now - keep.network, at_most=at_most) if keep.network else 0
        ),
        "erased": lambda: _empty_erased(env),
        "purchases": walked(keep.history, purge_history.purchases_before),
        "releases": walked(keep.history, purge_history.releases_before),
        "events": walked(keep.history, purge_history.events_before),
        "holds": walked(keep.history, purge_history.holds_before),
        "alarms": walked(keep.history, purge_history.alarms_before),
        "stock_changes": walked(keep.stock_history, purge_history.stock_changes_before),
        "etas": walked(keep.stock_history, purge_history.etas_before),
        "limits": lambda: env.db.retry(lambda tx: limits.forget_old(tx, now=now)),
        "members": lambda: env.db.retry(
            lambda tx: leases.forget_members(tx, groups=RATE_GROUPS, before=now - LONG_GONE)
        ),
        "sessions": lambda: env.db.retry(lambda tx: forget_over(env, tx)),
        "answers": lambda: env.db.retry(lambda tx: idempotency.forget_before(tx, before=answered)),
        "contacts": lambda: _walk(
            env, purge_history.contacts_without_anything, before=now, at_most=at_most
        ),
    }


def _do(env: Env, name: str, work: Callable[[], int]) -> int:
    """One sort of rows; its trouble is told and stops no other."""
    try:
        count = work()
        env.db.retry(lambda tx: clear_alarm(env, tx, code=FAILED, about=name))
    except StoreBusy as error:
        log.warning("not tidied: database busy", what=name, why=str(error))
    except Exception as error:  # noqa: BLE001  the other sorts can be deleted all the same
        log.exception("not tidied", what=name)
        _call_somebody(env, name, error)
    else:
        return count
    return 0


def _call_somebody(env: Env, name: str, error: Exception) -> None:
    why = f"{type(error).__name__}: {str(error)[:300]}"
    message = say("not_deleted", rows=name, error=why)
    try:
        env.db.retry(
            lambda tx: raise_alarm(
                env,
                tx,
                code=FAILED,
                about=name,
                message=message,
                shop=next(iter(env.shops.values()), None),
            )
        )
    except StoreBusy as busy:
        log.warning("alarm not stored: database busy", what=name, why=str(busy))


def _purge(env: Env, work: Callable[..., int], *, before: datetime, at_most: float) -> int:
    """All that is older; `work` deletes some of it in one transaction."""
    until = time.monotonic() + at_most
    total = 0
    while True:
        make_way()
        count = env.db.retry(lambda tx: work(tx, before=before, limit=BATCH))
        total += count
        if count < BATCH or time.monotonic() > until:
            return total


def _erase(env: Env, *, before: datetime, at_most: float) -> int:
    """What says from where and with which browser somebody came."""
    until = time.monotonic() + at_most
    total = 0
    while True:
        make_way()
        with env.db.read() as tx:  # along all that was ever noted: nobody who writes waits for it
            ids = ledger.personal_before(tx, before=before, limit=BATCH)
        if not ids or (total and time.monotonic() > until):
            return total
        total += env.db.retry(partial(_erase_those, ids))


def _erase_those(ids: Sequence[int], tx: Transaction) -> int:
    return ledger.erase_personal(tx, ids)


def _empty_erased(env: Env) -> int:
    """What was said of messages to an address after it was erased: they were on their way."""
    with env.db.read() as tx:
        erased = personal.erased_since(tx, env.now() - SAID_WITHIN)
    total = 0
    for start in range(0, len(erased), BATCH):
        make_way()
        with env.db.read() as tx:
            ids = personal.said_since(tx, erased[start : start + BATCH])
        if ids:
            env.db.retry(partial(_empty_those, ids))
        total += len(ids)
    return total


def _empty_those(ids: Sequence[int], tx: Transaction) -> None:
    personal.empty_messages(tx, ids)


def _walk(env: Env, walk: Walk, *, before: datetime, at_most: float) -> int:
    """All that is older and not needed; what is needed is passed by. A million rows of which all
    are needed are looked at without one writing transaction."""
    until = time.monotonic() + at_most
    total = place = 0
    while True:
        make_way()
        look = partial(walk, before=before, after=place, limit=BATCH)
        with env.db.read() as tx:
            found = look(tx)
        if found.ids:
            total += env.db.retry(partial(_look_and_delete, look))
        if found.place is None or time.monotonic() > until:
            return total
        place = found.place


def _look_and_delete(look: Callable[[Transaction], Found], tx: Transaction) -> int:
    found = look(tx)
    if found.are_addresses:
        people.hold_contacts(tx, found.ids)
        found = look(tx)
    return delete_found(tx, found)
