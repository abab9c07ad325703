"""Is it worth trying the provider now? Remembers failures so that a dead server is left alone.

After three failures in a row the circuit is open for half a minute, doubling up to five minutes;
then one try is let through, and its outcome decides. The time comes in.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from notifier.channels.base import Blame, Outcome, Result

__all__ = ["Circuit", "left_alone"]


def left_alone(who: str, wait: timedelta) -> Result:
    """What a letter gets while the circuit is open. `who` failed, as a sentence begins."""
    return Result(
        outcome=Outcome.TRY_LATER,
        blame=Blame.TRANSPORT,
        code="circuit open",
        detail=f"{who} failed repeatedly and is left alone for a while.",
        retry_after=wait,
    )


class Circuit:
    """Closed while things work; open after `limit` failures in a row; half open when due."""

    def __init__(
        self,
        *,
        limit: int = 3,
        first_pause: timedelta = timedelta(seconds=30),
        longest_pause: timedelta = timedelta(minutes=5),
    ) -> None:
        self._limit = limit
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._failures = 0
        self._pause = timedelta(0)
        self._open_until: datetime | None = None

    def wait_at(self, now: datetime) -> timedelta:
        """How long to leave the server alone. Zero: try (once, when it was open)."""
        if self._open_until is None or now >= self._open_until:
            return timedelta(0)
        if self._open_until - now > self._pause:  # the clock was set back
            self._open_until = now + self._pause
        return self._open_until - now

    def note_success(self) -> None:
        self._failures = 0
        self._open_until = None

    def note_failure(self, now: datetime) -> None:
        self._failures += 1
        beyond = self._failures - self._limit
        if beyond >= 0:
            self._pause = min(self._first_pause * 2 ** min(beyond, 10), self._longest_pause)
            self._open_until = now + self._pause
