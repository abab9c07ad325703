"""How do tests deal with time: a clock one can set, and waiting without sleeping blindly?"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0  # seconds; a machine shared with others may stand still for some

START = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


class SettableClock:
    """A notifier.clock.Clock that stands still until a test moves it."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> datetime:
        """Move on by `step`; gives the new instant."""
        self.now += step
        return self.now

    def set(self, instant: datetime) -> None:
        self.now = instant


def quickest(work: Callable[[], object], *, enough: float) -> float:
    """Seconds that `work` took: the best of three, or the first that was not above `enough`. What
    a busy machine adds is not what the program needs."""
    best = float("inf")
    for _ in range(3):
        began = time.monotonic()
        work()
        best = min(best, time.monotonic() - began)
        if best <= enough:
            break
    return best


def wait_until(predicate: Callable[[], T], timeout: float = PATIENCE, *, every: float = 0.01) -> T:
    """Ask `predicate` until its answer is true, and give that answer.

    Raises AssertionError after `timeout` seconds, with the last answer in it.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s, and the last answer was {answer!r}")
        time.sleep(every)
