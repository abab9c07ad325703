"""May this message still be sent, now?

Asked in the transaction that claims it: whoever unsubscribed, whatever sold out, was suppressed,
paused or superseded since the message was planned wins (trust RL-7, RL-8). Every no leaves its
reason on the message.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from notifier.domain.message import ALERTS, NEEDED_STATES, Medium, MessageKind
from notifier.domain.subscription import SubscriptionState
from notifier.services.announce import LOOK_AGAIN, PAUSED_LOOK, is_too_old
from notifier.services.compose import Batch
from notifier.services.env import Env, ShopRef
from notifier.services.order_sent import why_untrue
from notifier.services.order_tell import is_about_order
from notifier.services.reserve import begin_holds
from notifier.services.sms_hours import text_allowed_at
from notifier.services.still_true import why_not_about
from notifier.store import outbox, people, shut_addresses, switches
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction
from notifier.store.standing import Standing
from notifier.store.switches import Off
from notifier.store.taken_back import STOCK_GONE

_ALERT_WORDS = frozenset(kind.value for kind in ALERTS)
# by the word: a kind would have to be made of it first
_NEEDED = {kind.value: state for kind, state in NEEDED_STATES.items()}
SHOP_PAUSED, ALERTS_BRAKED = "shop_paused", "alerts_braked"  # reasons to wait
DAY = timedelta(days=1)
JITTER = timedelta(minutes=20)


@dataclass(slots=True, kw_only=True)
class Sorted:
    """What becomes of the messages looked at."""

    send: list[MessageRow] = field(default_factory=list)
    skip: dict[str, list[int]] = field(default_factory=dict)  # reason → ids
    postpone: list[tuple[int, datetime, str]] = field(default_factory=list)
    sold_out_releases: set[int] = field(default_factory=set)
    alerts_by_sms: Counter[int] = field(default_factory=Counter)  # to send now, by contact


def recheck(env: Env, tx: Transaction, messages: Sequence[MessageRow], batch: Batch) -> Sorted:
    """Sort due messages into those to send now, those never, and those later."""
    now = env.now()
    result = Sorted()
    suppressions = _suppressions(tx, messages, batch)
    stale_variants: dict[int, bool] = {}
    said: dict[tuple[Any, ...], str] = {}
    off = switches.all_off(tx, now=now)
    shops = {id_: env.shop_by_id(id_) for id_ in {one.shop_id for one in messages}}
    held = _held_shops(shops, off)
    _count_alone(tx, messages, shops)
    for message in messages:
        shop = shops[message.shop_id]
        why_held = held.get(message.shop_id, "")
        if why_held == SHOP_PAUSED or (why_held and message.kind in _ALERT_WORDS):
            pause = PAUSED_LOOK if why_held == SHOP_PAUSED else LOOK_AGAIN  # there may be a million
            result.postpone.append((message.id, now + pause, why_held))
            continue
        if shop is None:
            reason = "no_shop"
        else:
            reason = _why_never(message, batch, suppressions, said, now=now)
        matter = batch.orders.get(message.id)
        if not reason and matter is not None:
            reason = why_untrue(message, matter.case, matter.wanted, now=now)
        if reason == STOCK_GONE and message.release_id is not None:
            result.sold_out_releases.add(message.release_id)
        if reason or shop is None:
            result.skip.setdefault(reason, []).append(message.id)
            continue
        later = _why_later(env, tx, shop, message, batch, stale_variants, now=now)
        if later is None and _is_sms_alert(message):
            later = _sms_later(tx, shop, message, batch, result, now=now)
            result.alerts_by_sms[message.contact_id or 0] += later is None
            if later is not None:
                _keep_fresh(tx, message, until=later[0], now=now)
        if later is not None:
            result.postpone.append((message.id, *later))
        else:
            result.send.append(message)
    result.send, over = begin_holds(env, tx, result.send)
    for reason, ids in over.items():
        result.skip.setdefault(reason, []).extend(ids)
    return result


def _held_shops(shops: Mapping[int, ShopRef | None], off: Mapping[str, Off]) -> dict[int, str]:
    """Of which shops nothing leaves now, or no alert, and why."""
    found = {}
    for id_, shop in shops.items() if off else ():
        if shop is not None and switches.of_shop(shop.slug) in off:
            found[id_] = SHOP_PAUSED
        elif shop is not None and switches.of_alerts(shop.slug) in off:
            found[id_] = ALERTS_BRAKED
    return found


def _suppressions(
    tx: Transaction, messages: Sequence[MessageRow], batch: Batch
) -> dict[tuple[str, int, int | None], str]:
    wanted = []
    for message in messages:
        contact = batch.contacts.get(message.contact_id or 0)
        if contact is not None:
            wanted.append((contact.address_hash, message.shop_id, _product_of(message, batch)))
    return shut_addresses.suppressed(tx, wanted) if wanted else {}


def _product_of(message: MessageRow, batch: Batch) -> int | None:
    subscription = batch.subscriptions.get(message.subscription_id or 0)
    return subscription.product_id if subscription else None


def _why_never(
    message: MessageRow,
    batch: Batch,
    suppressions: dict[tuple[str, int, int | None], str],
    said: dict[tuple[Any, ...], str],
    *,
    now: datetime,
) -> str:
    """The reason not to send it at all; empty when there is none. `said`: what was found about
    the same news for the same wish, of which thousands have the same."""
    if message.medium == Medium.WEBHOOK:
        return ""
    if message.expires_at is not None and message.expires_at <= now:
        return "stale"
    why = why_not_to(message, _standing(message, batch, suppressions))
    if why or message.subscription_id is None:
        return why
    wish = batch.subscriptions[message.subscription_id]
    key = (
        *(message.kind, message.event_id, wish.product_id, wish.variant_id),
        *(wish.physical_only, wish.eta_days),
    )
    found = said.get(key)
    if found is None:
        kind = MessageKind(message.kind)
        found = said[key] = why_not_about(kind, message.event_id, wish, batch, now=now)
    return found


def _standing(
    message: MessageRow, batch: Batch, suppressions: dict[tuple[str, int, int | None], str]
) -> Standing:
    contact = batch.contacts.get(message.contact_id or 0)
    subscription = batch.subscriptions.get(message.subscription_id or 0)
    suppressed = ""
    if suppressions and contact is not None:
        key = (contact.address_hash, message.shop_id, _product_of(message, batch))
        suppressed = suppressions.get(key, "")
    return Standing(
        has_address=bool(contact and contact.address),
        suppressed=suppressed,
        state=subscription.state if subscription else None,
    )


def why_not_to(message: MessageRow, standing: Standing | None) -> str:
    """Why the person must not get it, by rows about the person alone; empty when they may.

    Asked when a message is claimed and again when it is handed over (services/last_look.py).
    `standing` None: the message's own row is gone.
    """
    if standing is None:
        return "deleted"
    if message.contact_id is not None:
        if not standing.has_address:
            return "erased"
        if standing.suppressed and not (
            standing.suppressed == "unsubscribed" and is_about_order(message.kind)
        ):
            return f"suppressed_{standing.suppressed}"[:64]
    if message.subscription_id is None:
        return ""
    if standing.state is None:
        return "deleted"
    needed = _NEEDED.get(message.kind, SubscriptionState.WAITING)
    if standing.state != needed:
        is_confirmation = message.kind == MessageKind.CONFIRM
        if is_confirmation and standing.state == SubscriptionState.WAITING:
            return "confirmed_already"
        return f"subscription_{standing.state}"
    return ""


def _why_later(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    message: MessageRow,
    batch: Batch,
    stale_variants: dict[int, bool],
    *,
    now: datetime,
) -> tuple[datetime, str] | None:
    if message.medium == Medium.WEBHOOK or message.kind not in _ALERT_WORDS:
        return None
    event = batch.events.get(message.event_id or 0)
    if event is not None and message.kind == MessageKind.BACK_IN_STOCK:
        if event.variant_id not in stale_variants:
            stale_variants[event.variant_id] = is_too_old(env, tx, shop, event.variant_id, now=now)
        if stale_variants[event.variant_id]:
            return now + LOOK_AGAIN, "data_too_old"
    return None


def _count_alone(
    tx: Transaction, messages: Sequence[MessageRow], shops: Mapping[int, ShopRef | None]
) -> None:
    """Let two senders not each find room for one more text to the same number today."""
    limited = {id_ for id_, shop in shops.items() if shop is not None and shop.config.sms_a_day}
    texts = [one for one in messages if one.shop_id in limited and _is_sms_alert(one)]
    if texts:
        people.hold_contacts(tx, [one.contact_id for one in texts if one.contact_id is not None])


def _is_sms_alert(message: MessageRow) -> bool:
    return message.medium == Medium.SMS and message.kind in _ALERT_WORDS


def _keep_fresh(tx: Transaction, message: MessageRow, *, until: datetime, now: datetime) -> None:
    """Time in which an alert was not allowed to leave makes it no staler: after a long weekend it
    is looked at again, and goes if the goods are there."""
    if message.expires_at is not None:
        outbox.extend_expiry(tx, message.id, expires_at=message.expires_at + (until - now))


def _sms_later(
    tx: Transaction,
    shop: ShopRef,
    message: MessageRow,
    batch: Batch,
    result: Sorted,
    *,
    now: datetime,
) -> tuple[datetime, str] | None:
    """Quiet hours by the recipient's zones, and the most alerts a day (trust SM-13, SM-14)."""
    contact = batch.contacts[message.contact_id or 0]
    cap = shop.config.sms_a_day
    if cap:
        before = outbox.count_recent(
            tx,
            contact_id=contact.id,
            shop_id=shop.id,
            since=now - DAY,
            kinds=sorted(_ALERT_WORDS),
            besides=message.id,  # a second try is no second message
        )
        if before + result.alerts_by_sms[contact.id] >= cap:
            return now + timedelta(hours=1), "daily_sms_cap"
    allowed = text_allowed_at(
        shop,
        contact.address,
        declared_zone=contact.time_zone,
        now=now,
        jitter=JITTER * random.random(),
    )
    if allowed is None:
        return now + DAY, "quiet_hours_never_open"
    return (allowed, "quiet_hours") if allowed > now else None
