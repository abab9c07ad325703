"""When does a local day end, and which of two dates is later?

Every limit of these rules is a local day in the ship-to zone that counts to its last second
(trust A1, A5). A deadline is therefore stored as the instant at which the next local day begins.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from notifier.domain.dates import YEARS
from notifier.errors import InvalidInput

Until: TypeAlias = date | None
"""A day, or None: no date can be given, no end. None is later than every day."""


def is_later(one: Until, other: Until) -> bool:
    """Whether `one` lies after `other`."""
    if other is None:
        return False
    return one is None or one > other


def day_of(at: datetime, zone: str) -> date:
    """The local day in `zone` on which the instant `at` falls."""
    return at.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """The UTC instant at which the local `day` is over; it is no longer part of that day.

    Where clocks jump at midnight the day ends at the jump; where they fall back, at the first
    midnight.
    """
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)


def start_of(day: date, zone: str) -> datetime:
    """The UTC instant at which the local `day` begins."""
    return end_of(day - timedelta(days=1), zone)


def in_utc(at: datetime, *, field: str) -> datetime:
    """`at` in UTC. Raises InvalidInput when it has no zone or lies outside 2000 to 2100.

    Two datetimes of one ZoneInfo compare by the wall clock, so the two 01:30 of an autumn night
    would be the same moment. In UTC they are not.
    """
    if at.tzinfo is None:
        raise InvalidInput.of(field, "no_zone", f"{at.isoformat()} needs a time zone, such as Z.")
    if at.year not in YEARS:
        raise _out_of_range(field, at.isoformat())
    return at.astimezone(UTC)


def in_range(day: Until, *, field: str) -> None:
    """Raises InvalidInput for a day outside 2000 to 2100: a placeholder or a slip."""
    if day is not None and day.year not in YEARS:
        raise _out_of_range(field, day.isoformat())


def _out_of_range(field: str, value: str) -> InvalidInput:
    return InvalidInput.of(
        field, "out_of_range", f"{value} must lie in the years {YEARS[0]} to {YEARS[-1]}."
    )
