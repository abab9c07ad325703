"""What would it cost, in people who come too late, if so many may still buy?

The sales to come are a negative binomial: a Poisson number whose mean is itself uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, lgamma, log

from notifier.domain.adaptive_belief import Claims

_STEPS = 40  # to one standard deviation
_WIDTH = 9.0  # standard deviations that are summed up


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """`gone`: the chance that all is sold to who was told. `short`: sales too many, on average.

    `odds`: the chance that one person more comes too late, against the chance that exactly this
    person is still needed to sell the last unit.
    """

    gone: float
    short: float
    odds: float


def risk_of(claims: Claims, *, left: float) -> Risk:
    """The risk of that many claims on `left` buyers' worth of stock (1 or more)."""
    mean = claims.mean
    if mean <= 1e-9:
        return Risk(gone=0.0, short=0.0, odds=0.0)
    # never wider than geometric: else more stock could look like more risk
    size = max(mean * mean / max(claims.variance - mean, mean * 1e-4), 1.0)
    deviation = (mean + mean * mean / size) ** 0.5
    step = max(1.0, deviation / _STEPS)
    gone = short = 0.0
    at = left + (step - 1) / 2
    end = max(mean, left) + _WIDTH * deviation + 10
    while at < end:
        mass = exp(_log_mass(at, mean=mean, size=size)) * step
        gone += mass
        short += mass * (at - left)
        if at > mean and mass < 1e-12:
            break
        at += step
    last = exp(_log_mass(left - 1, mean=mean, size=size))
    return Risk(gone=min(gone, 1.0), short=short, odds=gone / last if last > 1e-300 else inf)


def _log_mass(number: float, *, mean: float, size: float) -> float:
    """The logarithm of a negative binomial's mass, also between whole numbers."""
    return (
        lgamma(number + size)
        - lgamma(size)
        - lgamma(number + 1)
        + size * log(size / (size + mean))
        + number * log(mean / (size + mean))
    )
