"""Was the machine's clock set, so that whatever waits for an hour of it waits wrongly?

Both tickers reckon by the clock on the wall. Set back by an hour, it would keep them from running
anything for that hour (trust RL-14).
"""

from __future__ import annotations

import time

LOOK_EVERY = 1.0  # seconds
STEP = 2.0  # seconds that are no adjustment any more

wall = time.time


class ClockSteps:
    """Compares with the clock that nobody sets. Used by one thread."""

    def __init__(self) -> None:
        self._ahead = wall() - time.monotonic()

    def was_set(self) -> bool:
        """Whether it was set since we asked last."""
        before, self._ahead = self._ahead, wall() - time.monotonic()
        return abs(self._ahead - before) > STEP
