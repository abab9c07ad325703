"""When is a source looked at next?

Often where people wait and an ETA is near or just over, seldom elsewhere, always within the
source's limits; later after failures, and never earlier than the source asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

BREAKER_OPENS_AFTER = 5  # failures in a row; then only an occasional probe
ETA_IS_NEAR = timedelta(days=2)  # before it begins
ETA_GRACE = timedelta(days=2)  # after it ended; goods that are still not there may come any time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A source's limits: its normal rhythm, the quickest and the slowest."""

    every: timedelta
    at_most_every: timedelta
    at_least_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What hangs on the source: whether people wait, and for something whose ETA is near."""

    waiting: bool
    eta_is_near: bool = False


def near_days(now: datetime) -> tuple[date, date]:
    """An ETA is near that begins by the first day and does not end before the second."""
    return (now + ETA_IS_NEAR).date(), (now - ETA_GRACE).date()


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
    elif not demand.waiting:
        wait = pace.at_least_every
    elif demand.eta_is_near:
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
