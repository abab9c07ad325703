"""May the next request to Twilio go out now, or must it wait or be left for later?

One per account: it keeps the configured rate by making the caller wait, and after a refusal that
asks for a pause, or three failures in a row, it leaves Twilio alone for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from notifier.channels.base import Blame, Outcome, Result
from notifier.clock import Clock

__all__ = ["PAUSE", "Pace"]

FAILURES_THAT_BLOCK = 3
PAUSE = timedelta(seconds=30)


class Pace:
    """Rate and circuit of one account. `monotonic` and `wait` are in seconds; `among` is how many
    senders share the rate now."""

    def __init__(
        self,
        *,
        rate_per_second: float,
        clock: Clock,
        wait: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._interval = 1 / rate_per_second
        self.among = 1
        self._clock = clock
        self._wait = wait
        self._monotonic = monotonic
        self._next_slot = monotonic()
        self._failures = 0
        self._blocked: tuple[datetime, timedelta, Result] | None = None  # until, how long, why

    def wait_turn(self) -> None:
        """Return when the next request may go out; this is what holds the caller back."""
        now = self._monotonic()
        if self._next_slot > now:
            self._wait(self._next_slot - now)
        self._next_slot = max(self._next_slot, now) + self._interval * self.among

    def learn(self, result: Result) -> None:
        """Open or close the circuit by what came of a request."""
        if result.blame is not Blame.TRANSPORT:
            self._failures = 0
            return
        self._failures += 1
        asked_to_wait = result.outcome is Outcome.TRY_LATER and result.retry_after is not None
        if asked_to_wait or self._failures >= FAILURES_THAT_BLOCK:
            pause = result.retry_after or PAUSE
            self._blocked = (self._clock() + pause, pause, result)

    def pause(self) -> Result | None:
        """What a letter gets while Twilio is left alone; None when it may be tried."""
        if self._blocked is None:
            return None
        until, pause, cause = self._blocked
        left = until - self._clock()
        if left <= timedelta(0):
            self._blocked = None
            return None
        if left > pause:  # the clock was set back
            left = pause
            self._blocked = (self._clock() + pause, pause, cause)
        return replace(cause, outcome=Outcome.TRY_LATER, retry_after=left, provider_id="")
