"""How long do outages last, going by those of the past, and how much longer when it has been out
for so many days already?

Kaplan–Meier: an outage that has not ended says only "longer than this" (it is censored), and is
neither left out nor taken as ended. E. L. Kaplan, P. Meier, Nonparametric Estimation from
Incomplete Observations, JASA 53 (1958) 457–481. What comes out is a length of time and never a
date: it is what was usual, not what anybody promised.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HALF = 0.5
MOST = 0.8
ENOUGH = 5  # comparable outages; fewer are a list of anecdotes
LONGEST_SAID = 365  # days; "usually back within two years" helps nobody
_ROUNDING = 1e-9  # a product of fractions may miss 0.2 by as little


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """It was out for so many days; `ended` False: it was still out then, or given up."""

    days: float
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `days` on the share `still_out` of outages is not over; until then the one before."""

    days: float
    still_out: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The share of outages that is still out, by days. `outages` it stands on, `open` of them
    without an end."""

    steps: tuple[Step, ...]
    outages: int
    open: int

    def still_out(self, days: float) -> float:
        """The share of outages that lasts longer than this, from 1 down to 0."""
        share = 1.0
        for step in self.steps:
            if step.days > days:
                break
            share = step.still_out
        return share

    def mark(self, share: float) -> float | None:
        """After so many days this share of outages was over; None when the curve never gets
        there, since too many are still open."""
        for step in self.steps:
            if step.still_out <= 1 - share + _ROUNDING:
                return step.days
        return None


def curve_of(outages: Iterable[Outage]) -> Curve:
    """The product-limit estimate. One that ends on the day another is censored ends first."""
    every = list(outages)
    leave = Counter(one.days for one in every)
    end = Counter(one.days for one in every if one.ended)
    share, at_risk = 1.0, len(every)
    steps = []
    for days in sorted(leave):
        if end[days]:
            share *= 1 - end[days] / at_risk
            steps.append(Step(days=days, still_out=share))
        at_risk -= leave[days]
    return Curve(steps=tuple(steps), outages=len(every), open=len(every) - end.total())


def lasting(outages: Iterable[Outage], days_out: float) -> list[Outage]:
    """Those that can be compared with one that is out for so long: they lasted longer, too.

    Their curve is the conditional one, S(t) / S(days_out): every factor up to there cancels out.
    """
    return [one for one in outages if one.days > days_out]


class Pool(StrEnum):
    """Whose outages are looked at."""

    VARIANT = "variant"
    PRODUCT = "product"
    SHOP = "shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is usual for one that is out for `days_out`. `half` and `most` are days from its
    beginning, at least `days_out`, or None. `enough`: it stands on ENOUGH comparable outages."""

    pool: Pool
    days_out: float
    curve: Curve
    half: float | None
    most: float | None

    @property
    def enough(self) -> bool:
        return self.curve.outages >= ENOUGH


def estimate(
    pools: Iterable[tuple[Pool, Sequence[Outage]]], *, days_out: float = 0.0
) -> Estimate | None:
    """From the first pool with ENOUGH comparable outages, else from the one with the most.

    `pools` come narrowest first, and are asked for only as far as needed. None: no outage of any
    pool lasted as long.
    """
    best: tuple[Pool, list[Outage]] | None = None
    for pool, outages in pools:
        comparable = lasting(outages, days_out)
        if comparable and (best is None or len(comparable) > len(best[1])):
            best = pool, comparable
        if len(comparable) >= ENOUGH:
            break
    if best is None:
        return None
    curve = curve_of(best[1])
    return Estimate(
        pool=best[0],
        days_out=days_out,
        curve=curve,
        half=curve.mark(HALF),
        most=curve.mark(MOST),
    )


class Unit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A length of time as one says it: 3 weeks."""

    count: int
    unit: Unit


def round_up(days: float) -> Span | None:
    """So long in units that claim no more than is known, never less than it is.

    Up to 9 days in days, up to 12 weeks in weeks, then in months. None when it is over already, or
    longer than LONGEST_SAID.
    """
    if not 0 < days <= LONGEST_SAID:
        return None
    if days <= 9:
        return Span(count=math.ceil(days), unit=Unit.DAYS)
    if days <= 84:
        return Span(count=math.ceil(days / 7), unit=Unit.WEEKS)
    return Span(count=math.ceil(days / 30), unit=Unit.MONTHS)
