"""When is a source looked at next?

Often where people wait and an ETA is near, seldom elsewhere, always within the source's limits;
later after failures, and never earlier than the source asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BREAKER_OPENS_AFTER = 5  # failures in a row; then only an occasional probe
ETA_IS_NEAR = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A source's limits: its normal rhythm, the quickest and the slowest."""

    every: timedelta
    at_most_every: timedelta
    at_least_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What hangs on the source: people waiting, and the nearest ETA among what they wait for."""

    waiting: int
    nearest_eta: datetime | None = None


def next_look_at(
    now: datetime,
    *,
    pace: Pace,
    demand: Demand,
    failures: int,
    retry_after: timedelta | None,
    jitter: float,
) -> datetime:
    """The instant of the next look. `jitter` is a number from 0 to 1 that spreads sources out."""
    if failures:
        wait = min(pace.every * 2 ** min(failures - 1, 8), pace.at_least_every)
        if failures >= BREAKER_OPENS_AFTER:
            wait = pace.at_least_every
    elif demand.waiting == 0:
        wait = pace.at_least_every
    elif demand.nearest_eta is not None and demand.nearest_eta - now <= ETA_IS_NEAR:
        wait = pace.at_most_every
    else:
        wait = pace.every
    wait = max(wait, pace.at_most_every)
    if retry_after is not None:
        wait = max(wait, retry_after)
    spread: timedelta = wait * (1 + 0.1 * jitter)
    return now + spread


def is_open(failures: int) -> bool:
    """True when the circuit breaker of a source is open: only a probe now and then."""
    return failures >= BREAKER_OPENS_AFTER
