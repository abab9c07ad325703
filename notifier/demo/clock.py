"""What time is it in the demo? The machine's time, and as much later as somebody has turned it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from notifier.clock import system_clock

__all__ = ["DemoClock"]


class DemoClock:
    """A clock that runs as the machine's does, `ahead` of it. It is never turned back.

    Kept in a file, so that a demo with --folder does not fall behind what it has stored.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._ahead = self._kept()

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    @property
    def ahead(self) -> timedelta:
        """How far it has been turned."""
        return self._ahead

    def turn_to(self, at: datetime) -> None:
        """From now on it is `at` or later."""
        with self._lock:
            self._ahead = max(self._ahead, at - system_clock())
            if self._file is not None:
                self._file.write_text(f"{self._ahead.total_seconds()}\n", encoding="utf-8")

    def _kept(self) -> timedelta:
        with suppress(FileNotFoundError, ValueError, TypeError):
            if self._file is not None:
                seconds = float(self._file.read_text(encoding="utf-8"))
                return max(timedelta(seconds=seconds), timedelta(0))
        return timedelta(0)
