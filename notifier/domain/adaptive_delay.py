"""How long after a message do people look at the goods, when each has looked or not looked yet?

Delays are counted in bins that grow by a constant factor, from half a minute to a month. What the
delays of a release may be like is a list of distributions (`SHAPES`): log-normal and Weibull ones
with medians from half a minute to ten days. `tables` holds for each of them what is needed of it
at every bin, so that to weigh them all costs some thousand multiplications.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import erf, exp, expm1, log, sqrt

SHORTEST = 30.0  # seconds; whoever is quicker is counted here
BINS = 48
_STEP = log(30 * 86400 / SHORTEST) / BINS
_MEDIANS = tuple(30.0 * 1.5**n for n in range(26))
_SPREADS = (0.7, 1.2, 1.8)  # log-normal: the standard deviation of the logarithm
_POWERS = (0.6, 1.0)  # Weibull; 1 is the exponential distribution
_APART = (12.0,)  # half of the people look at once, the rest so many times later
_APART_WIDTH = 0.9
_APART_USUAL = -1.0
_USUAL_MEDIAN = 3600.0  # before anything is known
_USUAL_SPREAD = 1.5
_LEAST_MASS = 1e-9


def bin_of(seconds: float) -> int:
    """The bin of a delay or of an age."""
    if seconds <= SHORTEST:
        return 0
    return min(int(log(seconds / SHORTEST) / _STEP), BINS - 1)


def seconds_of(place: int) -> float:
    """The middle of a bin."""
    return SHORTEST * exp((place + 0.5) * _STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A distribution of delays. `passed[b]`: the share that is over by the middle of bin b."""

    median: float
    passed: tuple[float, ...]
    log_mass: tuple[float, ...]
    log_usual: float  # how usual it is, before anything is known


@cache
def tables() -> tuple[Shape, ...]:
    """Every distribution that delays may have."""
    return tuple(
        _shape(median, kind, width)
        for kind, widths in (("log", _SPREADS), ("power", _POWERS), ("two", _APART))
        for width in widths
        for median in _MEDIANS
    )


def _shape(median: float, kind: str, width: float) -> Shape:
    def passed(seconds: float) -> float:
        if kind == "two":
            first = log(seconds / median * sqrt(width)) / (_APART_WIDTH * sqrt(2))
            second = log(seconds / median / sqrt(width)) / (_APART_WIDTH * sqrt(2))
            return 0.5 + 0.25 * (erf(first) + erf(second))
        if kind == "log":
            return 0.5 * (1 + erf(log(seconds / median) / (width * sqrt(2))))
        return -expm1(-log(2) * (seconds / median) ** width)

    usual = _APART_USUAL if kind == "two" else 0.0
    edges = [0.0, *(passed(SHORTEST * exp(n * _STEP)) for n in range(1, BINS)), 1.0]
    masses = [max(b - a, _LEAST_MASS) for a, b in pairwise(edges)]
    return Shape(
        median=median,
        passed=tuple(passed(seconds_of(n)) for n in range(BINS)),
        log_mass=tuple(log(mass) for mass in masses),
        log_usual=usual - 0.5 * (log(median / _USUAL_MEDIAN) / _USUAL_SPREAD) ** 2,
    )


def log_weight(shape: Shape, delays: Sequence[tuple[int, float]]) -> float:
    """How well a shape fits delays, as (bin, how many): the logarithm of their probability."""
    mass = shape.log_mass
    return sum([many * mass[place] for place, many in delays])


def quantile(passed: Sequence[float], share: float) -> float:
    """The delay in seconds by which so great a share is over; `passed` as in Shape."""
    for place, part in enumerate(passed):
        if part >= share:
            return seconds_of(place)
    return seconds_of(BINS - 1)
