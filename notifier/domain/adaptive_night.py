"""Does nobody look because nobody will, or because everybody sleeps?

A time in which nobody looked, though several should have, is taken for a night. The clock that
ages and delays are told by stands still in it: who was told an hour before the night has had one
hour in the morning. What nights there were is told from the looks alone; nobody sets a time zone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp

from notifier.domain.adaptive_claims import Reading
from notifier.domain.adaptive_delay import bin_of
from notifier.domain.adaptive_state import AdaptiveState

_FALLING = timedelta(minutes=45)  # nobody has looked for so long: it may have begun
_SHORTEST, _LONGEST = timedelta(hours=5), timedelta(hours=12)  # of a night that is over
# if nobody looks by chance more often than so, it is no night: now, and one that seems to be over
_BY_CHANCE, _BY_CHANCE_OVER = 0.003, 0.0003
_NONE = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """From the last look before it to the first one after it, or to now."""

    begin: datetime
    end: datetime


def quiet_times(state: AdaptiveState) -> tuple[Night, ...]:
    """The times without looks that were long enough, but no longer than nights are."""
    if not state.looks_seen:
        return ()
    looks = sorted(wave.at + delay for wave in state.told for delay in wave.read)
    if not looks:
        return ()
    found = [
        Night(begin=one, end=after)
        for one, after in pairwise(looks)
        if _SHORTEST <= after - one <= _LONGEST
    ]
    if _FALLING <= state.now - looks[-1] <= _LONGEST:
        found.append(Night(begin=looks[-1], end=state.now))
    return tuple(found)


def nights_of(
    state: AdaptiveState, quiet: Sequence[Night], *, readings: Sequence[Reading]
) -> tuple[Night, ...]:
    """Those of the quiet times in which, by all readings together, somebody should have looked.

    `readings`: what is believed if all of them are nights, so what came before is not read as if
    the silence had been an answer.
    """
    reads = [(wave.at, wave.people, sorted(wave.read)) for wave in state.told] if quiet else []

    def is_night(one: Night) -> bool:
        left = _left(reads, one, others=[other for other in quiet if other != one])
        by_chance = sum(it.weight * exp(-_expected(it, left)) for it in readings)
        return by_chance <= (_BY_CHANCE if one.end == state.now else _BY_CHANCE_OVER)

    return tuple(one for one in quiet if is_night(one))


def _left(
    reads: Sequence[tuple[datetime, int, list[timedelta]]], night: Night, *, others: Sequence[Night]
) -> Mapping[tuple[int, int], int]:
    """How many had not looked when it began, by bin of their age then (-1: told since) and of
    what it would be at the end of it had they been awake."""
    left: dict[tuple[int, int], int] = {}
    for at, people, read in reads:
        if at < night.end:
            passed = max(night.begin - at, _NONE)
            age = awake(passed.total_seconds(), nights=asleep(others, since=at))
            end = age + (night.end - max(night.begin, at)).total_seconds()
            place = bin_of(age) if passed else -1, bin_of(end)
            left[place] = left.get(place, 0) + max(people - bisect_right(read, passed), 0)
    return left


def _expected(reading: Reading, left: Mapping[tuple[int, int], int]) -> float:
    """So many looks between those ages."""
    looks = 0.0
    for (begin, end), people in left.items():
        before = reading.passed[begin] if begin >= 0 else 0.0
        more = max(reading.passed[end] - before, 0.0)
        looks += people * reading.share * more / (1 - reading.share * before)
    return looks


def asleep(nights: Sequence[Night], *, since: datetime) -> tuple[tuple[float, float], ...]:
    """Those nights that ended after `since`, as seconds from then to their begin and their end."""
    return tuple(
        (
            max((night.begin - since).total_seconds(), 0.0),
            (night.end - since).total_seconds(),
        )
        for night in nights
        if night.end > since
    )


def awake(seconds: float, *, nights: Sequence[tuple[float, float]]) -> float:
    """So long a time, without the nights in it, which are as `asleep` gives them."""
    slept = sum(min(seconds, end) - begin for begin, end in nights if begin < seconds)
    return max(seconds - slept, 0.0)
