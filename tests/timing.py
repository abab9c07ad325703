"""How do tests deal with time: a clock one can set, and waiting without sleeping blindly?"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
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


def seconds_computed(work: Callable[[], object]) -> float:
    """How long this process and those it has started computed meanwhile: what a busy machine makes
    them wait is not what the program needs. Where the system does not tell: seconds on the clock.
    """
    began = _computed()
    work()
    return _computed() - began


def _computed() -> float:
    tasks = Path("/proc/self/task")
    if not (tasks / str(os.getpid()) / "children").exists():
        return time.monotonic()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    for note in tasks.glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            for child in note.read_text().split():
                with suppress(FileNotFoundError, ProcessLookupError):
                    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                    ticks += int(fields[11]) + int(fields[12])
    of_children = ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")
    return time.process_time() + of_children


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
