"""Has this account sent as much today as its owner allows?

A day is a day of UTC, as in Twilio's usage records. Twilio's own count is taken in now and then,
so that a restart or a second process does not begin at nothing; between two looks we count on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

__all__ = ["DailySpending"]


class DailySpending:
    """What was spent today. `cap` 0 means there is none; `price` is for one segment."""

    look_every = timedelta(minutes=5)

    def __init__(self, *, cap: Decimal, price: Decimal) -> None:
        self._cap = cap
        self._price = price
        self._day = datetime.min.replace(tzinfo=UTC).date()
        self._ours = 0
        self._before = 0
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
            self._before = max(self._before, segments - self._ours)

    def note_sent(self, now: datetime, *, segments: int) -> None:
        self._turn(now)
        self._ours += segments

    def spent(self, now: datetime) -> Decimal:
        self._turn(now)
        return (self._before + self._ours) * self._price

    def would_exceed(self, now: datetime, *, segments: int) -> bool:
        return bool(self._cap) and self.spent(now) + segments * self._price > self._cap

    def until_tomorrow(self, now: datetime) -> timedelta:
        """How long until the cap counts anew."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=1) - now

    def _turn(self, now: datetime) -> None:
        day = now.astimezone(UTC).date()
        if day != self._day:
            self._day, self._ours, self._before, self._looked_at = day, 0, 0, None
