"""What changes for people when a provider took their messages, one of them or hundreds?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifier.domain.availability import Availability
from notifier.domain.message import MessageKind
from notifier.domain.stock import EventKind
from notifier.domain.subscription import EndedReason, SubscriptionState
from notifier.services.env import Env
from notifier.store import events, people
from notifier.store.events import EventRow
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction
from notifier.store.told import move_all_told

_WAITING = (SubscriptionState.WAITING.value,)
# paused while the message was on its way: it has arrived all the same
_WAITING_OR_PAUSED = (*_WAITING, SubscriptionState.PAUSED.value)


def mark_told(env: Env, tx: Transaction, message: MessageRow, *, reason: str) -> None:
    """The provider took the message: move everything it was about."""
    mark_all_told(env, tx, [message], reason=reason)


def mark_all_told(
    env: Env, tx: Transaction, messages: Sequence[MessageRow], *, reason: str
) -> None:
    """The same for many, with a few statements for each event they tell of."""
    groups: dict[tuple[str, int | None], list[MessageRow]] = {}
    for message in messages:
        if message.subscription_id is not None:
            groups.setdefault((message.kind, message.event_id), []).append(message)
    for (kind, event_id), group in groups.items():
        event = events.load_event(tx, event_id) if event_id else None
        _mark(env, tx, MessageKind(kind), event, group, reason=reason)


def _mark(
    env: Env,
    tx: Transaction,
    kind: MessageKind,
    event: EventRow | None,
    group: list[MessageRow],
    *,
    reason: str,
) -> None:
    own = [one.subscription_id for one in group if one.subscription_id is not None]
    if kind is MessageKind.REMINDER:
        people.move_subscriptions(tx, own, reminded_at=env.now())
        return
    values = _values(env, kind, event, reason=reason)
    if not values:
        return
    states = _WAITING_OR_PAUSED if kind is MessageKind.BACK_IN_STOCK else _WAITING
    if event is None:
        people.move_subscriptions(tx, own, from_states=states, **values)
        return
    move_all_told(
        tx,
        subscription_ids=own,
        contact_ids=[one.contact_id for one in group if one.contact_id is not None],
        product_id=event.product_id,
        variant_id=event.variant_id,
        # not who waits for any variant when one of several is discontinued
        with_any=event.kind != EventKind.DISCONTINUED,
        with_physical=event.facts.get("availability") != Availability.BACKORDER,
        from_states=states,
        **values,
    )


def _values(env: Env, kind: MessageKind, event: EventRow | None, *, reason: str) -> dict[str, Any]:
    """What changes in a subscription that was told; nothing for kinds that change none."""
    now = env.now()
    if kind is MessageKind.BACK_IN_STOCK:
        return {"state": SubscriptionState.TOLD.value, "told_at": now, "reason": reason}
    if kind in (MessageKind.ETA_REVISED, MessageKind.PREORDER_OPEN):
        eta = str((event.facts.get("eta") if event else "") or "")
        return {"eta_told": eta, "eta_told_at": now} if eta else {}
    if kind is MessageKind.DISCONTINUED:
        return {
            "state": SubscriptionState.ENDED.value,
            "ended_reason": EndedReason.DISCONTINUED.value,
            "ended_at": now,
            "reason": reason,
        }
    return {}
