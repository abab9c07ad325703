"""Has this account sent as much today as its owner allows?

A day is a day of UTC, as in Twilio's usage records. Counted before a message is handed over, and
by all senders together where the caller keeps the count. Twilio's own count is taken in now and
then, so that what others send through the account counts, too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from notifier.clock import Clock

__all__ = ["DailySpending", "OwnTally", "Tally"]

# Counts so many more of today, or fewer where negative; how many all senders have then.
Tally = Callable[[int], int]


class OwnTally:
    """The count of one sender alone, gone with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = _day_of(clock())
        self._count = 0

    def __call__(self, more: int) -> int:
        day = _day_of(self._clock())
        if day != self._day:
            self._day, self._count = day, 0
        self._count += more
        return self._count


class DailySpending:
    """What was spent today. `cap` 0 means there is none; `price` is for one segment."""

    look_every = timedelta(minutes=5)

    def __init__(self, *, cap: Decimal, price: Decimal, tally: Tally) -> None:
        self._cap = cap
        self._price = price
        self._tally = tally
        self._day = _day_of(datetime.min.replace(tzinfo=UTC))
        self._by_others = 0
        self._looked_at: datetime | None = None

    def wants_look(self, now: datetime) -> bool:
        """Whether Twilio's count should be asked for before the next message."""
        if not self._cap:
            return False
        self._turn(now)
        return self._looked_at is None or abs(now - self._looked_at) >= self.look_every

    def note_look(self, now: datetime, *, segments: int | None) -> None:
        """`segments` Twilio counts today; None when it could not be asked."""
        self._turn(now)
        self._looked_at = now
        if segments is not None:
            self._by_others = max(self._by_others, segments - self._tally(0))

    def take(self, now: datetime, *, segments: int) -> bool:
        """Count these, unless that is more than may be spent. May raise what the tally raises."""
        if not self._cap:
            return True
        self._turn(now)
        if (self._by_others + self._tally(segments)) * self._price <= self._cap:
            return True
        self._tally(-segments)
        return False

    def give_back(self, *, segments: int) -> None:
        """They were not sent after all."""
        if self._cap:
            self._tally(-segments)

    def until_tomorrow(self, now: datetime) -> timedelta:
        """How long until the cap counts anew."""
        return _day_of(now) + timedelta(days=1) - now

    def _turn(self, now: datetime) -> None:
        day = _day_of(now)
        if day != self._day:
            self._day, self._by_others, self._looked_at = day, 0, None


def _day_of(now: datetime) -> datetime:
    """When its day began."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
