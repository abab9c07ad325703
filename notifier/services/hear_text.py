"""What do we do with an SMS that somebody sends us, and what do we answer?

STOP ends everything for the number at once. START lifts that only for a number that had agreed
before, and asks it to confirm again. What may mean stop and may not goes to a person, and texts to
the number pause until then (trust SM-7, SM-8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifier.channels.base import TextHeard
from notifier.domain.message import Medium
from notifier.domain.phone import mask_phone
from notifier.domain.sms_keywords import Wish
from notifier.domain.subscription import EndedReason, SubscriptionState
from notifier.i18n import section
from notifier.log import log
from notifier.services.alarm_said import say
from notifier.services.alarms import raise_alarm
from notifier.services.ask_for_confirmation import ask_for_confirmation
from notifier.services.contacts import address_of
from notifier.services.env import Env, ShopRef
from notifier.services.go_on import ALARM, TO_BE_READ
from notifier.services.sms_hours import text_allowed_at
from notifier.services.withdraw import withdraw_address
from notifier.store import ledger, people, receipts, shut_addresses
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction

PROVIDER = "twilio"
ASKED_AGAIN = 3  # subscriptions a START brings back, the latest ones
SHOWN = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How we heard of a text. `is_late`: its sender has put the phone away by now."""

    source: str = "sms"
    is_late: bool = False


AT_ONCE = Way()
ASKED_FOR = Way(source="provider", is_late=True)


def hear_text(env: Env, text: TextHeard, *, provider: str = PROVIDER, way: Way = AT_ONCE) -> str:
    """Act on it and say what to answer; empty: nothing. The same text again does nothing."""

    def work(tx: Transaction) -> str:
        if not note_heard(env, tx, text, provider=provider):
            return ""
        hash_ = env.signer.hash_address(Medium.SMS, text.address)
        contact = people.find_contact(tx, address_hash=hash_)
        return _act(env, tx, text, hash_=hash_, contact=contact, way=way)

    answer = env.db.retry(work)
    log.info("text heard", wish=text.wish.value, answered=bool(answer))
    return "" if text.answered_by_provider else answer


def note_heard(
    env: Env, tx: Transaction, text: TextHeard, *, provider: str = PROVIDER, code: str = ""
) -> bool:
    """It is known from now on; False: it was before. `code`: why it has no effect any more."""
    return receipts.add_receipt(
        tx,
        provider=provider,
        event_key=text.event_id,
        kind=f"heard_{text.wish.value}",
        message_id=None,
        at=env.now(),
        code=code,
        detail="",
    )


def _act(
    env: Env,
    tx: Transaction,
    text: TextHeard,
    *,
    hash_: str,
    contact: ContactRow | None,
    way: Way,
) -> str:
    rows = people.subscriptions_of(tx, contact.id) if contact else []
    if text.wish is Wish.STOP:
        news = withdraw_address(
            env,
            tx,
            hash_,
            medium=Medium.SMS,
            reason="stopped",
            ended=EndedReason.STOPPED,
            source=f"{way.source}:{text.event_id}",
        )
        return _say(env, "stopped", rows) if news else ""
    if text.wish is Wish.HELP:
        return _say(env, "help", rows)
    if text.wish is Wish.START and contact is not None:
        _start_again(env, tx, text, contact=contact, rows=rows, way=way)
    if text.wish is Wish.REVIEW and contact is not None:  # who is not known here hears nothing
        _let_a_person_read(env, tx, text, rows)
    return ""


def _say(env: Env, what: str, rows: list[SubscriptionRow]) -> str:
    """In the language and name of the shop that wrote last, else of one that writes SMS."""
    latest = max(rows, key=lambda row: row.asked_at, default=None)
    shop = env.shop_by_id(latest.shop_id) if latest else None
    shop = shop or next((one for one in env.shops.values() if one.config.sms_channel), None)
    if shop is None:
        return ""
    words = section(latest.locale if latest else shop.config.locale, "sms")
    own = shop.config
    contact = own.support_email or own.url or env.config.service.public_url
    return words[what].format(shop=own.name, contact=contact)


def _start_again(
    env: Env,
    tx: Transaction,
    text: TextHeard,
    *,
    contact: ContactRow,
    rows: list[SubscriptionRow],
    way: Way,
) -> None:
    """Lift the stop of a number that had agreed, and ask it to confirm what the stop ended."""
    agreed = any(
        entry.book == "consent" and entry.act in ("asked", "confirmed")
        for entry in ledger.entries_of(tx, contact.address_hash)
    )
    lifted = agreed and shut_addresses.lift_suppressions(
        tx,
        address_hash=contact.address_hash,
        reasons=["stopped"],
        by="START by SMS",
        why=f"{way.source}:{text.event_id}",
        at=env.now(),
    )
    if not lifted:
        return
    ledger.append(
        tx,
        book="consent",
        act="resumed",
        at=env.now(),
        facts={
            "medium": Medium.SMS,
            "purpose": "alerts",
            "method": f"{way.source}:{text.event_id}",
        },
        address_hash=contact.address_hash,
    )
    stopped = [
        row for row in rows if row.ended_reason == EndedReason.STOPPED.value and row.told_at is None
    ]
    for row in sorted(stopped, key=lambda row: row.created_at)[-ASKED_AGAIN:]:
        _ask_again(env, tx, row, contact=contact, way=way)


def _ask_again(
    env: Env, tx: Transaction, row: SubscriptionRow, *, contact: ContactRow, way: Way
) -> None:
    """A new request for what an ended one waited for. It counts only once it is confirmed."""
    shop = env.shop_by_id(row.shop_id)
    if shop is None:
        return
    now = env.now()
    at: datetime | None = now
    if way.is_late:
        at = text_allowed_at(shop, contact.address, declared_zone=contact.time_zone, now=now)
    if at is None:
        return
    made = people.add_subscription(
        tx,
        shop_id=row.shop_id,
        contact_id=row.contact_id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        target=row.target,
        medium=row.medium,
        locale=row.locale,
        quantity=row.quantity,
        physical_only=row.physical_only,
        accepts_marketing=row.accepts_marketing,
        state=SubscriptionState.UNCONFIRMED.value,
        origin=row.origin,
        page_url=row.page_url,
        created_at=now,
        asked_at=now,
        expires_at=now + env.config.retention.unconfirmed,
        eta_told=row.eta_told,
        eta_days=row.eta_days,
    )
    fresh = people.find_subscription(tx, made) if made is not None else None
    if fresh is not None:
        address = address_of(contact)
        ask_for_confirmation(
            env, tx, shop, fresh, address=address, again=True, by_owner=True, not_before=at
        )


def _let_a_person_read(
    env: Env, tx: Transaction, text: TextHeard, rows: list[SubscriptionRow]
) -> None:
    """Nothing more goes to the number until somebody has decided what was meant."""
    people.move_subscriptions(
        tx,
        [row.id for row in rows],
        from_states=[SubscriptionState.WAITING.value],
        state=SubscriptionState.PAUSED.value,
        paused_until=None,
        reason=TO_BE_READ,
    )
    raise_alarm(
        env,
        tx,
        code=ALARM,
        about=text.event_id,
        message=say("texted", number=mask_phone(text.address), text=repr(text.text[:SHOWN])),
        shop=_shop_of(env, rows),
        facts={"contact": rows[0].contact_id, "subscription": _latest(rows).id} if rows else {},
    )


def _shop_of(env: Env, rows: list[SubscriptionRow]) -> ShopRef | None:
    return env.shop_by_id(_latest(rows).shop_id) if rows else None


def _latest(rows: list[SubscriptionRow]) -> SubscriptionRow:
    return max(rows, key=lambda row: row.asked_at)
