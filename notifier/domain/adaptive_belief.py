"""Of those told, how many will still look, and of those who look, how many buy?

Each shape that delays may have (domain/adaptive_delay) is weighed by how well it explains who has
looked when, and who has not looked yet: of those told a minute ago hardly anybody could. Within
each shape, the share that ever looks has its most probable value and a variance. That a looker
buys is a Beta posterior from the sales.
Ages and delays leave out nights (domain/adaptive_night).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import exp, log, pi

from notifier.domain.adaptive_claims import Belief, Reading
from notifier.domain.adaptive_delay import (
    BINS,
    Shape,
    as_seen,
    bin_of,
    log_weight,
    quantile,
    seconds_of,
    tables,
)
from notifier.domain.adaptive_night import Night, asleep, awake, nights_of, quiet_times
from notifier.domain.adaptive_state import AdaptiveState, Sale

_CHECKOUT = timedelta(minutes=3)  # from the look to the order, usually
_DOUBT = 250.0  # looks
_TAIL, _TAIL_LOOKS = 1.9, 120.0  # how unsure what is to come is, where no wave is old yet
_PATIENT = 0.79  # of those who will look, so many have
_LONG = 7.5  # medians: what comes later than this from now does not come soon
_UNLIKELY = 1e-3  # a shape that weighs less than this is left out


def believe(state: AdaptiveState) -> Belief:
    """Weigh everything that has been seen. Costs a few milliseconds, whatever the size."""
    quiet = quiet_times(state)
    belief = _believe(state, nights=quiet)
    nights = nights_of(state, quiet, readings=belief.readings)
    return belief if nights == quiet else _believe(state, nights=nights)


def _believe(state: AdaptiveState, *, nights: Sequence[Night]) -> Belief:
    """The same, if those are the nights there were."""
    seen_at = _seen_until(state)
    looked, waiting = _count(state, seen_at=seen_at, nights=nights)
    readings, passed, twice = _read(state, looked, waiting)
    total = sum(looked)
    people = sum(one.people for one in state.told)
    sold = [one for one in state.sales if not one.to_stranger]
    units_each = _units_each(state)
    buyers = sum(one.units for one in sold) / units_each
    paying = _checking_out(state, sold, seen_at=seen_at)
    tested, ripe = _tested(state, passed, nights=nights)
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
        twice=twice,
        quiet_since=nights[-1].begin if nights and nights[-1].end == state.now else None,
    )


def _tested(
    state: AdaptiveState, passed: Sequence[float], *, nights: Sequence[Night]
) -> tuple[float, float]:
    """How many of the told have had their time, and which share of it those had on average who
    tell most."""
    parts = [(one.people, passed[bin_of(_age(state, one.at, nights=nights))]) for one in state.told]
    tested = sum(people * part for people, part in parts)
    ripe = sum(people * part * part for people, part in parts) / tested if tested else 1.0
    return tested, ripe


def _age(state: AdaptiveState, at: datetime, *, nights: Sequence[Night]) -> float:
    """Seconds since then in which people were awake."""
    seconds = max((state.now - at).total_seconds(), 0.0)
    return awake(seconds, nights=asleep(nights, since=at))


def _seen_until(state: AdaptiveState) -> datetime:
    """Until when the numbers say who bought: the last look, unless orders are reported."""
    reported = any(one.told is not None for one in state.sales)
    if reported or state.stock is None or state.stock_at is None:
        return state.now
    return min(state.stock_at, state.now)


def _count(
    state: AdaptiveState, *, seen_at: datetime, nights: Sequence[Night]
) -> tuple[list[float], list[float]]:
    """By bin: who looked after how long, and who has not looked at what age."""
    looked, waiting = [0.0] * BINS, [0.0] * BINS
    if not state.looks_seen:
        return _count_sales(state, seen_at=seen_at)
    for wave in state.told:
        read = wave.read
        slept = asleep(nights, since=wave.at)
        for delay in read:
            seconds = delay.total_seconds()
            looked[bin_of(awake(seconds, nights=slept) if slept else seconds)] += 1
        age = _age(state, wave.at, nights=nights)
        waiting[bin_of(age)] += max(wave.people - len(read), 0)
    return looked, waiting


def _count_sales(state: AdaptiveState, *, seen_at: datetime) -> tuple[list[float], list[float]]:
    """The same from sales that nobody can be named for: each is shared among those told before."""
    looked, left = [0.0] * BINS, [float(one.people) for one in state.told]
    each = _units_each(state)
    for sale in state.sales:
        if sale.to_stranger:
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
) -> tuple[tuple[Reading, ...], tuple[float, ...], float]:
    """The shapes that matter, with the share that looks in each; the mean of the shapes; and
    `Belief.twice`."""
    places = [place for place, people in enumerate(waiting) if people]
    kept = _weigh(state, looked, [(place, waiting[place]) for place in places])
    passed = tuple(sum(one[0] * one[1].passed[n] for one in kept) for n in range(BINS))
    long = _LONG * quantile(passed, 0.5)
    later = [bin_of(seconds_of(place) + long) for place in places]
    readings, each = [], [0.0] * len(places)
    for weight, shape, share, variance in kept:
        coming = slope = stale = 0.0
        for n, place in enumerate(places):
            people, late = waiting[place], 1 - shape.passed[place]
            rest = 1 - share * shape.passed[place]
            coming += people * share * late / rest
            slope += people * late / rest**2
            stale += people * share * (1 - shape.passed[later[n]]) / rest
            each[n] += weight * share * late / rest
        readings.append(
            Reading(
                weight=weight,
                share=share,
                variance=variance,
                coming=coming,
                slope=slope,
                stale=stale,
                slow=share * (1 - shape.passed[bin_of(long)]),
                passed=shape.passed,
            )
        )
    twice = sum(waiting[place] * each[n] ** 2 for n, place in enumerate(places))
    return tuple(readings), passed, twice


def _weigh(
    state: AdaptiveState, looked: Sequence[float], waiting: Sequence[tuple[int, float]]
) -> list[tuple[float, Shape, float, float]]:
    """The shapes that are likely enough: weight, shape, share that looks, variance of the share.

    `waiting`: as (bin, how many)."""
    found: list[tuple[float, Shape, float, float]] = []
    total = sum(looked)
    # no shape is quite true: what many looks say in its favour counts for less and less
    doubt = 1 / (1 + total / _DOUBT)
    now = [(place, many) for place, many in enumerate(looked) if many]
    before = [(place, many) for place, many in enumerate(state.history.delays) if many]
    shapes = [(one, log_weight(one, before) + one.log_usual) for one in tables()]
    if before:
        shapes.append(as_seen(state.history.delays))
    for shape, past in shapes:
        exposed = [(people, shape.passed[place]) for place, people in waiting]
        share, variance, fit = _fit_share(state, exposed, looked=total)
        found.append(((fit + log_weight(shape, now)) * doubt + past, shape, share, variance))
    best = max(one[0] for one in found)
    kept = [(exp(one[0] - best), *one[1:]) for one in found if one[0] - best > log(_UNLIKELY)]
    weights = sum(one[0] for one in kept)
    return [(one[0] / weights, *one[1:]) for one in kept]


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

    paying = sum(still(wave.at + delay) for wave in state.told for delay in wave.read)
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
    units = sum(one.units for one in state.sales if one.to_stranger)
    passed = (state.now - state.told[0].at).total_seconds()
    return units / max(passed, 3600.0)
