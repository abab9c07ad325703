"""Of those told, how many will still look, and of those who look, how many buy?

Each shape that delays may have (domain/adaptive_delay) is weighed by how well it explains who has
looked when, and who has not looked yet: of those told a minute ago hardly anybody could. Within
each shape, the share that ever looks has its most probable value and a variance. That a looker
buys is a Beta posterior from the sales.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log, pi, sqrt

from notifier.domain.adaptive_delay import (
    BINS,
    Shape,
    bin_of,
    log_weight,
    quantile,
    tables,
)
from notifier.domain.adaptive_state import AdaptiveState, Sale

_CHECKOUT = timedelta(minutes=10)  # from the look to the order, usually
_DOUBT = 200.0  # looks
_TAIL, _TAIL_LOOKS = 2.0, 120.0  # how unsure what is to come is, where no wave is old yet
_PATIENT = 0.75  # of those who will look, so many have
_UNLIKELY = 1e-3  # a shape that weighs less than this is left out
_UNSEEN = 0.6  # where only purchases are seen: who looks and does not buy is not, so reckon this


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Sales that may still come: `mean` buyers with `variance`, out of `lookers` who may look."""

    mean: float
    variance: float
    lookers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One shape: its weight, the share that looks, and who of the told will (d/d share: slope)."""

    weight: float
    share: float
    variance: float
    coming: float
    slope: float


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
    readings: tuple[_Reading, ...]
    strangers: float  # units a second that others buy
    checking_out: float  # those who have looked and may be paying now
    tested: float  # of the told, so many have had the time they need to look
    tail: float  # relative standard deviation of what is to come, beyond what the shapes say
    possible: float  # of the told, those who have not bought: no more can be sold to them

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
        spread = sum(
            o.weight * (n - lookers) ** 2 + o.weight * o.variance * (o.slope + more) ** 2
            for o, n in zip(self.readings, coming, strict=True)
        )
        buys, of_look = self.buy_of_look, self.buy_of_look_variance
        lookers += self.checking_out
        spread += (self.tail * lookers) ** 2
        others = self.strangers * self.median / self.units_each
        mean = lookers * buys
        each = mean / max(self.possible + more, 1.0)  # one person buys once: binomial at most
        variance = mean * (1 - min(each, 0.99)) + others
        variance += spread * (buys**2 + of_look) + lookers**2 * of_look
        mean += others
        return Claims(mean=mean, variance=variance, lookers=lookers)


def believe(state: AdaptiveState) -> Belief:
    """Weigh everything that has been seen. Costs a few milliseconds, whatever the size."""
    seen_at = _seen_until(state)
    looked, waiting = _count(state, seen_at=seen_at)
    readings, passed = _read(state, looked, waiting)
    total = sum(looked)
    people = sum(one.people for one in state.told)
    sold = [one for one in state.sales if one.told is not False]
    units_each = _units_each(state)
    buyers = sum(one.units for one in sold) / units_each
    paying = _checking_out(state, sold, seen_at=seen_at)
    tested, ripe = _tested(state, passed)
    history = state.history
    if state.looks_seen:
        yes = history.bought + buyers
        no = history.only_looked + max(total - paying - state.late - buyers, 0.0)
        buys, of_look = yes / (yes + no), yes * no / ((yes + no) ** 2 * (yes + no + 1))
    else:
        buys, of_look, paying = 1.0, 0.0, 0.0
    return Belief(
        told=people,
        bought=buyers,
        looks=total,
        look_share=sum(one.weight * one.share for one in readings),
        buy_of_look=buys,
        buy_of_look_variance=of_look,
        median=quantile(passed, 0.5),
        nearly_all=quantile(passed, _PATIENT),
        passed=passed,
        units_each=units_each,
        readings=readings,
        strangers=_strangers(state),
        checking_out=paying,
        tested=tested,
        tail=_TAIL * (1 - ripe) * total / (total + _TAIL_LOOKS),
        possible=max(people - buyers, 0.0),
    )


def _tested(state: AdaptiveState, passed: Sequence[float]) -> tuple[float, float]:
    """How many of the told have had their time, and which share of it those had on average who
    tell most."""
    parts = [
        (one.people, passed[bin_of(max((state.now - one.at).total_seconds(), 0.0))])
        for one in state.told
    ]
    tested = sum(people * part for people, part in parts)
    ripe = sum(people * part * part for people, part in parts) / tested if tested else 1.0
    return tested, ripe


def looks_for_each_sale(belief: Belief, *, looks_seen: bool) -> float:
    """How many look for one who buys; who looks too late need not be one who would have bought."""
    return 1 / (belief.buy_of_look if looks_seen else 1 - _UNSEEN)


def _seen_until(state: AdaptiveState) -> datetime:
    """Until when the numbers say who bought: the last look, unless orders are reported."""
    reported = any(one.told is not None for one in state.sales)
    if reported or state.stock is None or state.stock_at is None:
        return state.now
    return min(state.stock_at, state.now)


def _count(state: AdaptiveState, *, seen_at: datetime) -> tuple[list[float], list[float]]:
    """By bin: who looked after how long, and who has not looked at what age."""
    looked, waiting = [0.0] * BINS, [0.0] * BINS
    if not state.looks_seen:
        return _count_sales(state, seen_at=seen_at)
    for wave in state.told:
        for delay in wave.looked:
            looked[bin_of(delay.total_seconds())] += 1
        age = (state.now - wave.at).total_seconds()
        waiting[bin_of(age)] += max(wave.people - len(wave.looked), 0)
    return looked, waiting


def _count_sales(state: AdaptiveState, *, seen_at: datetime) -> tuple[list[float], list[float]]:
    """The same from sales that nobody can be named for: each is shared among those told before."""
    looked, left = [0.0] * BINS, [float(one.people) for one in state.told]
    each = _units_each(state)
    for sale in state.sales:
        if sale.told is False:
            continue
        ages = [(sale.at - one.at).total_seconds() for one in state.told]
        odds = [n / (age + 600) if age >= 0 else 0.0 for n, age in zip(left, ages, strict=True)]
        total = sum(odds)
        for place, part in enumerate(odds):
            if part > 0:
                share = min(part / total * sale.units / each, left[place])
                looked[bin_of(ages[place])] += share
                left[place] -= share
    waiting = [0.0] * BINS
    for wave, people in zip(state.told, left, strict=True):
        waiting[bin_of(max((seen_at - wave.at).total_seconds(), 0.0))] += people
    return looked, waiting


def _read(
    state: AdaptiveState, looked: Sequence[float], waiting: Sequence[float]
) -> tuple[tuple[_Reading, ...], tuple[float, ...]]:
    """The shapes that matter, with the share that looks in each; and the mean of the shapes."""
    places = [place for place, people in enumerate(waiting) if people]
    found: list[tuple[float, Shape, float, float]] = []
    # no shape is quite true: what many looks say in its favour counts for less and less
    doubt = 1 / (1 + sum(looked) / _DOUBT)
    now = [(place, many) for place, many in enumerate(looked) if many]
    before = [(place, many) for place, many in enumerate(state.history.delays) if many]
    for shape in tables():
        exposed = [(waiting[place], shape.passed[place]) for place in places]
        share, variance, fit = _fit_share(state, exposed, looked=sum(looked))
        fit = (fit + log_weight(shape, now)) * doubt
        past = log_weight(shape, before) + shape.log_usual
        found.append((fit + past, shape, share, variance))
    best = max(one[0] for one in found)
    kept = [(exp(one[0] - best), *one[1:]) for one in found if one[0] - best > log(_UNLIKELY)]
    total = sum(one[0] for one in kept)
    readings = []
    for weight, shape, share, variance in kept:
        coming = slope = 0.0
        for place in places:
            people, late = waiting[place], 1 - shape.passed[place]
            rest = 1 - share * shape.passed[place]
            coming += people * share * late / rest
            slope += people * late / rest**2
        readings.append(
            _Reading(
                weight=weight / total, share=share, variance=variance, coming=coming, slope=slope
            )
        )
    passed = tuple(sum(one[0] * one[1].passed[n] for one in kept) / total for n in range(BINS))
    return tuple(readings), passed


def _fit_share(
    state: AdaptiveState, exposed: Sequence[tuple[float, float]], *, looked: float
) -> tuple[float, float, float]:
    """The most probable share that ever looks, its variance, and how well it fits (Laplace)."""
    history = state.history
    if state.looks_seen:
        yes, no = history.looked, history.not_looked
    else:
        weight = history.looked + history.not_looked
        part = history.looked / weight * history.bought / (history.bought + history.only_looked)
        yes, no = weight * part, weight * (1 - part)
    yes += looked
    share = yes / (yes + no + sum(people * passed for people, passed in exposed))
    bend = 1.0
    for _ in range(2):
        slope = yes / share - no / (1 - share)
        bend = yes / share**2 + no / (1 - share) ** 2
        for people, passed in exposed:
            part = passed / (1 - share * passed)
            slope -= people * part
            bend += people * part * part
        share = min(max(share + slope / bend, share / 3), (1 + 2 * share) / 3)
    fit = yes * log(share) + no * log(1 - share) + 0.5 * log(2 * pi / bend)
    fit += sum(people * log(1 - share * passed) for people, passed in exposed)
    return share, 1 / bend, fit


def _checking_out(state: AdaptiveState, sold: Sequence[Sale], *, seen_at: datetime) -> float:
    """How many have looked a moment ago, or since stock was seen, and may be paying."""
    usual = _CHECKOUT.total_seconds()

    def still(at: datetime) -> float:
        age = (seen_at - at).total_seconds()
        return exp(-age / usual) if age > 0 else 1.0

    paying = sum(still(wave.at + delay) for wave in state.told for delay in wave.looked)
    return max(paying - sum(still(one.at) for one in sold if one.at <= seen_at), 0.0)


def _units_each(state: AdaptiveState) -> float:
    """Units a buyer takes: as asked for, and as ordered where orders say so."""
    people = sum(one.people for one in state.told) + state.waiting
    units = sum(one.units for one in state.told) + state.waiting_units
    asked = units / people if people else 1.0
    orders = [one.units for one in state.sales if one.told]
    return max((asked * 3 + sum(orders)) / (3 + len(orders)), 1.0)


def _strangers(state: AdaptiveState) -> float:
    """Units a second sold to people who had not been told, as far as orders say so."""
    if not state.told:
        return 0.0
    units = sum(one.units for one in state.sales if one.told is False)
    passed = (state.now - state.told[0].at).total_seconds()
    return units / max(passed, 3600.0)
