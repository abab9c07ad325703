"""What follows from the result of one try: for the message, the person and the channel?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

from notifier.channels.base import SPENT, SPENT_BY_SHOP, Blame, Outcome, Phase, Result
from notifier.domain import delivery
from notifier.domain.message import Medium, MessageState
from notifier.domain.subscription import EndedReason
from notifier.log import log
from notifier.metrics import LATE
from notifier.services.alarm_said import say
from notifier.services.alarms import clear_alarm, raise_alarm
from notifier.services.end_subscriptions import shut_address
from notifier.services.env import Env
from notifier.services.full_mailbox import is_given_up
from notifier.services.mark_told import mark_all_told
from notifier.services.order_sent import did_not_arrive, was_accepted
from notifier.services.texts_held import note_spent
from notifier.store import booking as booking_store
from notifier.store import switches
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

CHANNEL_PAUSE = timedelta(minutes=5)
WEBHOOK_FAILURES = 14  # with backoff, about two days
ORDER_FAILURES = 6  # an hour: then what the law asks for goes another way, or to a person
UNWRITABLE = "unwritable"  # our own template or row is at fault: wait until it is mended
NOT_WANTED = "not_wanted_any_more"  # looked at again when it was handed over; why is the detail
_UNCOUNTED = frozenset({Blame.TRANSPORT, Blame.CONFIG})


_Try = tuple[MessageRow, int, Result]


def book_results(env: Env, tx: Transaction, results: Sequence[_Try]) -> int:
    """Store results, one a message, and all that follows; how many were not taken over."""
    now = env.now()
    plain, others = _sorted(results)
    taken = [(message.id, one.code, one.detail, one.provider_id) for message, _, one in plain]
    bookings = [
        (message, no, result, _booking(env, message, result)) for message, no, result in others
    ]
    kept = booking_store.book_all(
        tx,
        [_booked(*one) for one in bookings],
        taken=taken,
        now=now,
        lease=env.config.delivery.lease,
    )
    for message, attempt_no, _ in results:
        if message.id not in kept:
            LATE.inc()
            log.warning("late result rejected", message=message.id, attempt=attempt_no)
    told = [message for message, _, _ in plain if message.id in kept]
    perhaps: list[MessageRow] = []
    for message, _, _, booking in bookings:
        if message.id not in kept:
            continue
        if booking.state is MessageState.ACCEPTED:
            told.append(message)
        elif booking.state is MessageState.UNKNOWN and booking.due_at is None:
            perhaps.append(message)  # it may well have arrived: a third copy would be worse
    mark_all_told(env, tx, told, reason="told")
    mark_all_told(env, tx, perhaps, reason="told_perhaps")
    for channel in {one.channel for one in told}:
        clear_alarm(env, tx, code="channel.trouble", about=channel)
    for channel, shop_id in {
        (one.channel, one.shop_id) for one in told if one.medium == Medium.SMS
    }:
        clear_alarm(env, tx, code="channel.trouble", about=_of_shop(env, channel, shop_id))
    for message, attempt_no, result, booking in bookings:
        if message.id in kept:
            _follow(env, tx, message, attempt_no, result, booking=booking)
    return len(kept)


def _sorted(results: Sequence[_Try]) -> tuple[list[_Try], list[_Try]]:
    """Those of which nothing is to be said but that they were taken, and the others."""
    plain: list[_Try] = []
    others: list[_Try] = []
    for one in results:
        message, attempt_no, result = one
        is_plain = result.outcome is Outcome.ACCEPTED and attempt_no == 1
        (plain if is_plain and message.order_line_id is None else others).append(one)
    return plain, others


def _booked(
    message: MessageRow, attempt_no: int, result: Result, booking: delivery.Booking
) -> booking_store.Booked:
    return booking_store.Booked(
        message_id=message.id,
        attempt_no=attempt_no,
        state=booking.state.value,
        reason=booking.reason,
        due_at=booking.due_at,
        failures=booking.failures,
        unknowns=booking.unknowns,
        phase=_phase(result).value,
        outcome=result.outcome.value,
        blame=result.blame.value,
        code=result.code,
        detail=result.detail,
        provider_id=result.provider_id,
    )


def _follow(
    env: Env,
    tx: Transaction,
    message: MessageRow,
    attempt_no: int,
    result: Result,
    *,
    booking: delivery.Booking,
) -> None:
    """What one result means beyond its message; nothing for an alert that was accepted."""
    if booking.state is MessageState.ACCEPTED:
        was_accepted(env, tx, message, attempt_no, result)
        return
    shut = _shuts_address(env, tx, message, result)
    if shut is not None:
        shut_address(env, tx, message, ended=shut, source=result.code)
    if result.outcome is Outcome.REFUSED and result.blame in (Blame.CONTENT, Blame.OURS):
        _say_refused(env, tx, message, result)
    if booking.due_at is None:
        did_not_arrive(env, tx, message)
    if result.code == UNWRITABLE:
        raise_alarm(
            env,
            tx,
            code="template.broken",
            about=f"{message.kind}/{message.locale}"[:128],
            message=say(
                "template", kind=message.kind, locale=message.locale, error=result.detail[:300]
            ),
            shop=env.shop_by_id(message.shop_id),
        )
    if result.code in (SPENT, SPENT_BY_SHOP):
        by_all = result.code == SPENT
        raise_alarm(
            env,
            tx,
            code="channel.trouble",
            about=message.channel if by_all else _of_shop(env, message.channel, message.shop_id),
            message=say(
                "spent" if by_all else "spent_shop",
                channel=message.channel,
                option="daily_spend_cap" if by_all else "daily_spend_cap_per_shop",
            ),
            shop=env.shop_by_id(message.shop_id),
        )
        _note_spent(env, tx, message, result)
    if result.blame is Blame.CONFIG:
        pause_channel(env, tx, message, result)


def _note_spent(env: Env, tx: Transaction, message: MessageRow, result: Result) -> None:
    shop = env.shop_by_id(message.shop_id)
    by_shop = shop.slug if shop and result.code == SPENT_BY_SHOP else ""
    if result.retry_after and (by_shop or result.code == SPENT):
        now = env.now()
        why, rest = result.detail[:200], result.retry_after
        note_spent(tx, message.channel, shop=by_shop, why=why, now=now, rest=rest)


def _of_shop(env: Env, channel: str, shop_id: int) -> str:
    """What an alarm about a channel is about when it is about one shop's use of it."""
    shop = env.shop_by_id(shop_id)
    return f"{channel}/{shop.slug if shop else shop_id}"


def _phase(result: Result) -> Phase:
    if result.code == NOT_WANTED:
        return Phase.PREPARED
    return Phase.HANDED_OVER if result.outcome is Outcome.UNKNOWN else Phase.ANSWERED


def _booking(env: Env, message: MessageRow, result: Result) -> delivery.Booking:
    standing = delivery.Standing(
        failures=message.failures, unknowns=message.unknowns, expires_at=message.expires_at
    )
    if result.code == NOT_WANTED:
        return delivery.book_skipped(standing, reason=result.detail)
    if result.outcome is Outcome.ACCEPTED:
        return delivery.book_accepted(standing)
    if result.outcome is Outcome.UNKNOWN:
        again_after = max(env.config.delivery.unknown_after, result.retry_after or timedelta(0))
        return delivery.book_unknown(
            standing,
            now=env.now(),
            again_after=again_after,
            earlier_not_taken=result.earlier_not_taken,
        )
    if result.outcome is Outcome.REFUSED and result.blame is not Blame.CONFIG:
        return delivery.book_refused(standing, reason=f"refused_{result.blame.value}")
    return delivery.book_later(
        standing,
        now=env.now(),
        counts=result.blame not in _UNCOUNTED and result.code != UNWRITABLE,
        max_failures=_most_failures(env, message),
        retry_after=result.retry_after,
        jitter=random.random(),
    )


def _most_failures(env: Env, message: MessageRow) -> int:
    if message.medium == Medium.WEBHOOK:
        return WEBHOOK_FAILURES
    most: int = env.config.delivery.max_failures
    return most if message.order_line_id is None else min(most, ORDER_FAILURES)


def _shuts_address(
    env: Env, tx: Transaction, message: MessageRow, result: Result
) -> EndedReason | None:
    """Why its address is not written to again: refused for good, or full for a week."""
    if result.outcome is Outcome.REFUSED and result.blame is Blame.OPTED_OUT:
        return EndedReason.STOPPED
    refused = result.outcome is Outcome.REFUSED and result.blame is Blame.ADDRESS
    if refused or is_given_up(env, tx, message, code=result.code):
        return EndedReason.BOUNCED
    return None


def _say_refused(env: Env, tx: Transaction, message: MessageRow, result: Result) -> None:
    raise_alarm(
        env,
        tx,
        code="message.refused",
        about=f"{message.kind}/{result.code}"[:128],
        message=say("refused", kind=message.kind, code=result.code, error=result.detail[:200]),
        shop=env.shop_by_id(message.shop_id),
    )


def pause_channel(env: Env, tx: Transaction, message: MessageRow, result: Result) -> None:
    """Our set-up is wrong: stop this channel for a while, burn no messages, call somebody."""
    now = env.now()
    why = f"{result.code}: {result.detail[:200]}"
    switches.turn(
        tx,
        switches.of_channel(message.channel),
        off=True,
        why=why,
        by=switches.ITSELF,
        at=now,
        until=now + CHANNEL_PAUSE,
    )
    raise_alarm(
        env,
        tx,
        code="channel.trouble",
        about=message.channel,
        message=say("cannot_send", channel=message.channel, error=why.rstrip(".")),
        shop=env.shop_by_id(message.shop_id),
    )
