"""What is believed of a release, and the sales that may still come of those who were told.

domain/adaptive_belief reckons it; domain/adaptive_risk says how many there may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, log, sqrt

_LIKELY = 2.0  # standard deviations: one release in forty has more
_CONFUSED = 0.5  # of what is not known of when people buy, so much may be taken for how many do
_NOTHING = 1e-9  # sales; fewer are none, and cannot be divided by
_UNSEEN = 0.6  # where only purchases are seen: who looks and does not buy is not, so reckon this


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Sales that may still come: `mean` buyers with `variance`, out of `lookers` who may look.

    `soon`: of them, those that come before long, less the one that comes first: so many find it
    gone soon after the last sale. `doubt`: variance of the mean itself, relative to its square,
    because nobody knows which share looks and buys; `doubt_when`: because nobody knows when.
    `most`: so many there may be, if more buy than is likely (one release in forty). `each`: the
    probability that one of those who may still buy does.
    """

    mean: float
    variance: float
    lookers: float
    soon: float
    doubt: float
    doubt_when: float
    most: float
    each: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One shape: its weight, the share that looks, and who of the told will (d/d share: slope).

    `stale`: of those who will, so many not before long; `slow`: the share of those told now.
    `passed`: by bin of delays, the share of the looks that is over by then.
    """

    weight: float
    share: float
    variance: float
    coming: float
    slope: float
    stale: float
    slow: float
    passed: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What the numbers of a release say. Shares are of people; delays in seconds."""

    told: int
    bought: float
    looks: float
    look_share: float
    buy_of_look: float
    buy_of_look_variance: float
    median: float
    nearly_all: float
    passed: tuple[float, ...]  # by bin of delays: the share of the looks that is over by then
    units_each: float
    readings: tuple[Reading, ...]
    strangers: float  # units a second that others buy
    checking_out: float  # those who have looked and may be paying now
    tested: float  # of the told, so many have had the time they need to look
    tail: float  # relative standard deviation of what is to come, beyond what the shapes say
    possible: float  # of the told, those who have not bought: no more can be sold to them
    twice: float  # sum, over those told, of the squared probability that each will look
    quiet_since: datetime | None = None  # everybody seems to sleep since then

    @property
    def buy_share(self) -> float:
        return self.look_share * self.buy_of_look

    @property
    def buy_variance(self) -> float:
        looks = sum(one.weight * (one.variance + one.share**2) for one in self.readings)
        of_look = self.buy_of_look_variance
        second = looks * (of_look + self.buy_of_look**2)
        return max(second - self.buy_share**2, 0.0)

    def interval(self) -> tuple[float, float]:
        """Between which two shares the share that buys lies, with 90 %, about (log-normal)."""
        mean = max(self.buy_share, 1e-6)
        width = 1.645 * sqrt(log(1 + self.buy_variance / mean**2))
        return mean * exp(-width), min(mean * exp(width), 1.0)

    def claims(self, more: float) -> Claims:
        """The sales to come from those told, if `more` people are told now as well."""
        coming = [one.coming + more * one.share for one in self.readings]
        lookers = sum(o.weight * n for o, n in zip(self.readings, coming, strict=True))
        when = sum(
            one.weight * (all_ - lookers) ** 2
            for one, all_ in zip(self.readings, coming, strict=True)
        )
        shares = sum(o.weight * o.variance * (o.slope + more) ** 2 for o in self.readings)
        buys, of_look = self.buy_of_look, self.buy_of_look_variance
        stale = sum(one.weight * (one.stale + more * one.slow) for one in self.readings)
        lookers += self.checking_out
        shapes, when = when * self.buy_of_look**2, when + (self.tail * lookers) ** 2
        others = self.strangers * self.median / self.units_each
        mean = lookers * buys if lookers * buys > _NOTHING else 0.0
        possible = max(self.possible + more, 1.0)
        each = min(mean / possible, 0.99)  # one person buys once: binomial at most
        when *= buys**2
        doubt = shares * (buys**2 + of_look) + lookers**2 * of_look
        variance = mean * (1 - each) + others + doubt + when
        unsure = log(1 + (doubt + _CONFUSED * shapes) / mean**2) if mean else 0.0
        most = min(mean * exp(_LIKELY * sqrt(unsure) - unsure / 2), possible)
        first = (self.twice + more * self.look_share**2) * buys**2 / mean if mean else 0.0
        return Claims(
            mean=mean + others,
            variance=variance,
            lookers=lookers,
            soon=max(mean - first - stale * buys, 0.0) + others,
            doubt=doubt / mean**2 if mean else 0.0,
            doubt_when=when / mean**2 if mean else 0.0,
            most=most + others,
            each=each,
        )


def looks_for_each_sale(belief: Belief, *, looks_seen: bool) -> float:
    """How many look for one who buys; who looks too late need not be one who would have bought."""
    return 1 / (belief.buy_of_look if looks_seen else 1 - _UNSEEN)
