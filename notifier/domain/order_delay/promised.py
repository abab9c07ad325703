"""Until which day did the merchant promise to ship, or to deliver: T of trust 3.1?"""

from __future__ import annotations

from datetime import date, timedelta

from notifier.domain.business_days import add_business_days
from notifier.domain.order_delay.days import day_of
from notifier.domain.order_delay.line import Line
from notifier.domain.order_delay.packs import RulePack
from notifier.domain.order_delay.states import Why


def promised_day(line: Line, pack: RulePack) -> tuple[date, Why]:
    """T: the last day of the time stated, or of the law's when none was stated.

    Never before the day of the order: a stated day that was already over leaves that day.
    """
    ordered = day_of(line.completed_at, line.zone)
    promise = line.promise
    if promise is None:
        if line.seller_credit_application and pack.credit_days != pack.default_days:
            return ordered + timedelta(days=pack.credit_days), Why.TIME_WITH_CREDIT
        return ordered + timedelta(days=pack.default_days), Why.TIME_NOT_STATED
    if promise.by is not None:
        return max(promise.by, ordered), Why.TIME_STATED
    if promise.days is not None:
        return ordered + timedelta(days=promise.days), Why.TIME_STATED
    count = promise.business_days or 0
    return add_business_days(ordered, count, holidays=pack.holidays), Why.TIME_STATED
