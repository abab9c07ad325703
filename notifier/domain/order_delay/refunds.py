"""By when must the money of an order line be sent back, and how much of the order is it?

Counting starts on the day after the right to the refund vests (trust A6). "Sent" counts, not
"arrived" (16 CFR 435.1(b)).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from notifier.domain.business_days import add_business_days
from notifier.domain.order_delay.days import day_of, end_of
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.packs import RulePack
from notifier.domain.order_delay.states import State, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund that is owed, and whether it was sent. Days are local days of the ship-to place.

    `aim`: when it should be sent; `alarm`: the day on which a person must hear of it; `by`: the
    last day, over at the instant `by_at`.
    """

    ground: Why
    vest: date
    vested_at: datetime
    aim: date
    alarm: date
    by: date
    by_at: datetime
    sent_at: datetime | None = None

    @property
    def was_late(self) -> bool:
        return self.sent_at is not None and self.sent_at >= self.by_at


class RefundScope(StrEnum):
    EVERYTHING = "everything"  # all that was tendered, shipping included (435.1(d))
    LINES_AND_FEE_BY_HAND = "lines_and_fee_by_hand"  # a person splits the shipping fee


def refund_from(line: Line, pack: RulePack, *, at: datetime, ground: Why) -> Refund:
    """The refund that is owed because of `ground` since the instant `at`."""
    vest = day_of(at, line.zone)
    by = _last_day(line, pack, vest=vest, ground=ground)
    if pack.refund.without_undue_delay is not None:
        alarm = min(by, vest + timedelta(days=pack.refund.without_undue_delay))
    else:
        alarm = max(vest, add_business_days(by, -2, holidays=pack.holidays))
    aim = by if pack.refund.aim is None else min(by, vest + timedelta(days=pack.refund.aim))
    return Refund(
        ground=ground,
        vest=vest,
        vested_at=at,
        aim=aim,
        alarm=alarm,
        by=by,
        by_at=end_of(by, line.zone),
    )


def when_blocked(refund: Refund, line: Line, pack: RulePack, *, at: datetime) -> Refund:
    """The refund after the merchant found at `at` that the way the money came is closed.

    16 CFR 435.1(b)(1) then counts the working days from that discovery. It cures no delay that is
    already there, and changes nothing where the seller is the creditor or another law counts.
    """
    days = pack.refund.working_days
    if days is None or line.seller_is_creditor or at >= refund.by_at:
        return refund
    by = add_business_days(day_of(at, line.zone), days, holidays=pack.holidays)
    if pack.refund.after_withdrawal is not None:
        by = min(by, refund.vest + timedelta(days=pack.refund.after_withdrawal))
    by = max(by, refund.by)
    alarm = max(refund.alarm, add_business_days(by, -2, holidays=pack.holidays))
    return replace(refund, by=by, by_at=end_of(by, line.zone), alarm=alarm)


def refund_scope(states: Iterable[State]) -> RefundScope:
    """What a refund covers, from the states of all lines of one order (case F38)."""
    if all(state in (State.REFUND_DUE, State.REFUNDED) for state in states):
        return RefundScope.EVERYTHING
    return RefundScope.LINES_AND_FEE_BY_HAND


def _last_day(line: Line, pack: RulePack, *, vest: date, ground: Why) -> date:
    terms = pack.refund
    ends_contract = ground in (Why.TERMINATED, Why.SELLER_DECLINED)
    if terms.without_undue_delay is not None and ends_contract:
        return vest + timedelta(days=terms.without_undue_delay)
    possible = []
    if terms.after_withdrawal is not None:
        possible.append(vest + timedelta(days=terms.after_withdrawal))
    if terms.by_billing_cycle and line.seller_is_creditor:
        possible.append(vest + timedelta(days=line.billing_cycle_days))
    elif terms.working_days is not None and ground is not Why.WITHDRAWN_AFTER_SHIPMENT:
        possible.append(add_business_days(vest, terms.working_days, holidays=pack.holidays))
    return min(possible)
