"""How long after a message do people look at the goods, when each has looked or not looked yet?

Delays are counted in bins that grow by a constant factor, from half a minute to a month. What the
delays of a release may be like is a list of distributions (`SHAPES`): log-normal and Weibull ones
with medians from half a minute to ten days. `tables` holds for each of them what is needed of it
at every bin, so that to weigh them all costs some thousand multiplications.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from math import erf, exp, expm1, lgamma, log, sqrt

SHORTEST = 30.0  # seconds; whoever is quicker is counted here, if at all
BINS = 48
_STEP = log(30 * 86400 / SHORTEST) / BINS
_MEDIANS = tuple(30.0 * 1.5**n for n in range(26))
_SPREADS = (0.7, 1.2, 1.8)  # log-normal: the standard deviation of the logarithm
_POWERS = (0.6, 1.0)  # Weibull; 1 is the exponential distribution
_APART = (12.0,)  # half of the people look at once, the rest so many times later
_APART_WIDTH = 0.9
_APART_USUAL = -1.5
_USUAL_MEDIAN = 6200.0  # before anything is known
_USUAL_SPREAD = 1.4
_ASTRAY = 0.0085  # of the looks fit no shape: links are followed by programs, messages are kept
_FROM_BEFORE = 12.0  # looks: so much a shop's own delays are thought to resemble the usual ones
_AS_SEEN = 0.2  # how usual it is that delays are like nothing but those seen before


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
    masses = [(1 - _ASTRAY) * (b - a) + _ASTRAY / BINS for a, b in pairwise(edges)]
    return Shape(
        median=median,
        passed=tuple(passed(seconds_of(n)) for n in range(BINS)),
        log_mass=tuple(log(mass) for mass in masses),
        log_usual=usual - 0.5 * (log(median / _USUAL_MEDIAN) / _USUAL_SPREAD) ** 2,
    )


@cache
def _usual() -> tuple[float, tuple[float, ...]]:
    """What all shapes weigh before anything is known, and the mass of each bin in their mean."""
    weights = [exp(shape.log_usual) for shape in tables()]
    total = sum(weights)
    mean = [
        sum(w * exp(one.log_mass[n]) for w, one in zip(weights, tables(), strict=True)) / total
        for n in range(BINS)
    ]
    return total, tuple(mean)


@lru_cache(maxsize=64)
def as_seen(delays: tuple[float, ...]) -> tuple[Shape, float]:
    """The shape that earlier delays have, by bin, whatever it is, and the logarithm of its weight
    beside those of `tables` (a Dirichlet posterior round their mean)."""
    total, usual = _usual()
    seen = sum(delays)
    masses = [
        (_FROM_BEFORE * part + many) / (_FROM_BEFORE + seen)
        for part, many in zip(usual, delays, strict=True)
    ]
    weight = log(_AS_SEEN * total) + lgamma(_FROM_BEFORE) - lgamma(_FROM_BEFORE + seen)
    for part, many in zip(usual, delays, strict=True):
        weight += lgamma(_FROM_BEFORE * part + many) - lgamma(_FROM_BEFORE * part)
    upto = list(accumulate(masses))
    passed = tuple(min(one - mass / 2, 1.0) for one, mass in zip(upto, masses, strict=True))
    shape = Shape(
        median=quantile(passed, 0.5),
        passed=passed,
        log_mass=tuple(log(mass) for mass in masses),
        log_usual=log(_AS_SEEN * total),
    )
    return shape, weight


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
