"""What would it cost, in people who come too late, if so many may still buy?

The sales to come are a negative binomial, that is a Poisson number whose mean is itself uncertain,
or, where people are few and sure to buy, a binomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

from notifier.domain.adaptive_belief import Claims

_STEPS = 12  # to one standard deviation
_WIDTH = 7.0  # standard deviations that are summed up


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """`short`: sales too many, on average. `after`: sales that are still to come when the last
    unit goes, if it does.
    """

    short: float
    after: float


def risk_of(claims: Claims, *, left: float) -> Risk:
    """The risk of that many claims on `left` buyers' worth of stock (1 or more)."""
    mean = claims.mean
    if mean <= 1e-9:
        return Risk(short=0.0, after=0.0)
    law = _Law(mean, variance=claims.variance)
    step = max(1.0, law.deviation / _STEPS)
    gone = short = 0.0
    at = left + (step - 1) / 2
    end = max(mean, left) + _WIDTH * law.deviation + 10
    while at < end:
        mass = law.mass(at) * step
        gone += mass
        short += mass * (at - left)
        if at > mean and mass < 1e-12:
            break
        at += step
    # the sale of the last unit is one; the others are as many as if it had not been (Palm)
    last = law.mass(left - 1)
    goes = last + gone
    return Risk(short=short, after=(short + gone) / goes if goes > 1e-300 else 1.0)


class _Law:
    """How probable each number of sales is, also between whole numbers."""

    def __init__(self, mean: float, *, variance: float) -> None:
        self._mean = mean
        excess = variance - mean
        self._size = self._people = 0.0
        if excess < -mean * 1e-3:
            self._people = mean * mean / -excess
            self.deviation = sqrt(variance)
        else:
            # never wider than geometric: else more stock could look like more risk
            self._size = max(mean * mean / max(excess, mean * 1e-4), 1.0)
            self.deviation = sqrt(mean + mean * mean / self._size)

    def mass(self, number: float) -> float:
        if self._people:
            return self._binomial(number)
        size, mean = self._size, self._mean
        return exp(
            lgamma(number + size)
            - lgamma(size)
            - lgamma(number + 1)
            + size * log(size / (size + mean))
            + number * log(mean / (size + mean))
        )

    def _binomial(self, number: float) -> float:
        people, share = self._people, min(self._mean / self._people, 0.999)
        if number >= people + 1:
            return 0.0
        return exp(
            lgamma(people + 1)
            - lgamma(number + 1)
            - lgamma(people - number + 1)
            + number * log(share)
            + (people - number) * log(1 - share)
        )
