"""Which days are business days, and which day is the n-th of them?

A business day is Monday to Friday unless it is a holiday. 16 CFR 435 counts in "working days" and
does not define them; Monday to Friday less the federal holidays is how this program reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

__all__ = ["Holidays", "add_business_days", "is_business_day", "is_us_federal_holiday", "never"]

Holidays = Callable[[date], bool]

_ONE_DAY = timedelta(days=1)


def never(day: date) -> bool:
    """No holidays: every Monday to Friday counts."""
    return False


def is_business_day(day: date, *, holidays: Holidays = never) -> bool:
    return day.weekday() < 5 and not holidays(day)


def add_business_days(day: date, count: int, *, holidays: Holidays = never) -> date:
    """The `count`-th business day after `day`; before it when negative; `day` itself for 0."""
    step = _ONE_DAY if count > 0 else -_ONE_DAY
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, holidays=holidays):
            day += step
    return day


def is_us_federal_holiday(day: date) -> bool:
    """Whether this day is one of the eleven (5 U.S.C. 6103), or the weekday it is observed on."""
    fixed = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
    if (day.month, day.day) in fixed:
        return True
    for step, observed_on in ((1, 4), (-1, 0)):  # Saturday's on Friday, Sunday's on Monday
        real = day + timedelta(days=step)
        if day.weekday() == observed_on and (real.month, real.day) in fixed:
            return True
    week = (day.day - 1) // 7 + 1
    is_last_monday_of_may = day.month == 5 and day.weekday() == 0 and day.day > 24
    floating = {(1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)}
    return is_last_monday_of_may or (day.month, day.weekday(), week) in floating
