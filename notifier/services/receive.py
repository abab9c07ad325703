"""What follows from what a provider says later about a message?

The same receipt may come many times and in any order: it is stored once, and a message only moves
to a state that says more (trust SM-3, EM-23). What names no message of ours is stored and has no
effect. A receipt is believed because its bearer was: by signature, or by our own token in a mail.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from notifier.channels.base import Blame, Outcome, Receipt, ReceiptKind, Result
from notifier.domain.message import Medium, MessageState
from notifier.domain.subscription import EndedReason
from notifier.errors import BadToken
from notifier.log import log
from notifier.services.book_result import pause_channel
from notifier.services.end_subscriptions import end_subscriptions, shut_address
from notifier.services.env import Env
from notifier.services.full_mailbox import is_given_up
from notifier.services.mark_told import mark_told
from notifier.services.order_sent import did_not_arrive, was_accepted
from notifier.services.withdraw import withdraw_address
from notifier.signing import Purpose
from notifier.store import ledger, outbox, people, receipts
from notifier.store.outbox import MessageRecord, MessageRow
from notifier.store.session import Transaction

# How much a state says; a receipt moves a message up only.
_RANK = {
    MessageState.DUE: 0,
    MessageState.SENDING: 0,
    MessageState.UNKNOWN: 0,
    MessageState.HELD: 0,
    MessageState.SKIPPED: 0,
    MessageState.REFUSED: 1,
    MessageState.ACCEPTED: 1,
    MessageState.FAILED: 2,
    MessageState.DELIVERED: 3,
    MessageState.BOUNCED: 4,
    MessageState.COMPLAINED: 5,
}
_STATE = {
    ReceiptKind.ACCEPTED: MessageState.ACCEPTED,
    ReceiptKind.DELIVERED: MessageState.DELIVERED,
    ReceiptKind.SOFT_BOUNCED: MessageState.FAILED,
    ReceiptKind.FAILED: MessageState.FAILED,
    ReceiptKind.BOUNCED: MessageState.BOUNCED,
    ReceiptKind.COMPLAINED: MessageState.COMPLAINED,
}
# A mail that came back is read for so long; a date before that is of a clock that stands wrong.
SAID_WITHIN = timedelta(days=90)
_ARRIVED = (ReceiptKind.ACCEPTED, ReceiptKind.DELIVERED)


def receive(env: Env, receipt: Receipt) -> bool:
    """Store a receipt and all that follows from it; False when it was known."""

    def work(tx: Transaction) -> bool:
        message = _find_message(env, tx, receipt)
        news = receipts.add_receipt(
            tx,
            provider=receipt.provider,
            event_key=receipt.event_id,
            kind=receipt.kind.value,
            message_id=message.id if message else None,
            at=_heard_at(receipt, now=env.now()),
            code=receipt.code,
            detail=receipt.detail,
        )
        if not news:
            return False
        if message is not None:
            _settle(env, tx, message, receipt)
        _follow(env, tx, message, receipt)
        return True

    news = env.db.retry(work)
    log.info("receipt", kind=receipt.kind.value, provider=receipt.provider, news=news)
    return news


def _heard_at(receipt: Receipt, *, now: datetime) -> datetime:
    """When it happened, as its bearer says where that can be: by this it is deleted when it is old,
    and what was deleted would have its effect once more."""
    at = receipt.at or now
    return at if now - SAID_WITHIN <= at <= now else now


def _find_message(env: Env, tx: Transaction, receipt: Receipt) -> MessageRecord | None:
    """By our own signed name for it, else by the provider's."""
    id_: int | None = None
    if receipt.uid:
        try:
            id_ = env.signer.read(receipt.uid, purpose=Purpose.MESSAGE, now=env.now()).subject
        except BadToken:
            log.info("receipt names no message of ours", provider=receipt.provider)
    if id_ is not None and receipts.lock_message(tx, id_):
        return outbox.find_message(tx, message_id=id_)
    if not receipt.provider_id:
        return None
    found = outbox.find_message(tx, provider_id=receipt.provider_id)
    if found is None or not receipts.lock_message(tx, found.id):
        return None
    return outbox.find_message(tx, message_id=found.id)


def _settle(env: Env, tx: Transaction, message: MessageRecord, receipt: Receipt) -> None:
    """Move the message if the receipt says more than is known."""
    was = MessageState(message.state)
    state = _STATE.get(receipt.kind)
    if receipt.kind is ReceiptKind.STOPPED and receipt.address:
        state = MessageState.FAILED  # the provider did not deliver it: its owner had said stop
    if state is None or _RANK[state] <= _RANK[was]:
        return
    if receipt.kind is ReceiptKind.ACCEPTED and (
        was in (MessageState.SENDING, MessageState.SKIPPED) or not message.attempt_no
    ):
        return  # the sender that is at it books its own answer
    receipts.settle_message(
        tx,
        message.id,
        state=state.value,
        reason="" if receipt.kind in _ARRIVED else f"receipt_{receipt.kind.value}",
        code=receipt.code,
        detail=receipt.detail,
        provider_id=message.provider_id or receipt.provider_id,
        now=env.now(),
    )
    if receipt.kind in _ARRIVED:
        mark_told(env, tx, message, reason="told")
        was_accepted(
            env,
            tx,
            message,
            message.attempt_no,
            Result(
                outcome=Outcome.ACCEPTED, provider_id=message.provider_id or receipt.provider_id
            ),
        )
    elif state is not MessageState.COMPLAINED:
        did_not_arrive(env, tx, message)


def _follow(env: Env, tx: Transaction, message: MessageRow | None, receipt: Receipt) -> None:
    """What it means for the person, and for our set-up."""
    if receipt.kind is ReceiptKind.STOPPED:
        _stop(env, tx, message, receipt)
    elif message is None:
        return
    elif _is_no_good(receipt) or is_given_up(env, tx, message, code=receipt.code):
        shut_address(env, tx, message, ended=EndedReason.BOUNCED, source=receipt.code)
    elif receipt.kind is ReceiptKind.COMPLAINED:
        _complain(env, tx, message, receipt)
    elif receipt.blame is Blame.CONFIG:
        trouble = Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.CONFIG,
            code=receipt.code,
            detail=receipt.detail,
        )
        pause_channel(env, tx, message, trouble)


def _is_no_good(receipt: Receipt) -> bool:
    return receipt.kind is ReceiptKind.BOUNCED and receipt.blame is Blame.ADDRESS


def _stop(env: Env, tx: Transaction, message: MessageRow | None, receipt: Receipt) -> None:
    """STOP by SMS shuts the number. A mail that says stop ends what its notice was about."""
    source = f"{receipt.provider}:{receipt.code or receipt.kind.value}"
    if receipt.address:
        withdraw_address(
            env,
            tx,
            env.signer.hash_address(Medium.SMS, receipt.address),
            medium=Medium.SMS,
            reason="stopped",
            ended=EndedReason.STOPPED,
            source=source,
        )
        return
    contact = (
        people.find_contact(tx, contact_id=message.contact_id)
        if message and message.contact_id
        else None
    )
    if message is None or contact is None:
        return
    # it was about everything the address waits for, or nothing reaches it any more
    if message.subscription_id is None or receipt.shuts_address:
        withdraw_address(
            env,
            tx,
            contact.address_hash,
            medium=contact.medium,
            reason="unsubscribed",
            ended=EndedReason.CUSTOMER,
            source=source,
        )
        return
    id_ = message.subscription_id
    end_subscriptions(env, tx, [id_], ended=EndedReason.CUSTOMER, reason=source, also_told=True)
    ledger.append(
        tx,
        book="consent",
        act="withdrawn",
        at=env.now(),
        facts={"medium": contact.medium, "purpose": "alerts", "method": source},
        shop_id=message.shop_id,
        address_hash=contact.address_hash,
        subscription_id=id_,
    )


def _complain(env: Env, tx: Transaction, message: MessageRow, receipt: Receipt) -> None:
    """Somebody called our message spam: whatever else he wants, not this."""
    contact = people.find_contact(tx, contact_id=message.contact_id) if message.contact_id else None
    if contact is not None:
        withdraw_address(
            env,
            tx,
            contact.address_hash,
            medium=contact.medium,
            reason="complained",
            ended=EndedReason.COMPLAINED,
            source=f"{receipt.provider}:{receipt.code}",
        )
    # nothing is left to end; the shop's own software hears of it
    shut_address(env, tx, message, ended=EndedReason.COMPLAINED, source=receipt.code)
