"""If so many units came now, how many would be told at once, and when the rest?

`decide` is run against a few futures drawn from what is believed now (who looks, when, and
who of them buys); the middle one is told. The draws are always the same, so the answer is, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from notifier.domain.adaptive import decide
from notifier.domain.adaptive_belief import believe
from notifier.domain.adaptive_claims import Belief
from notifier.domain.adaptive_delay import BINS, seconds_of
from notifier.domain.adaptive_state import AdaptiveState, Sale, Told

_LONGEST = timedelta(days=7)
_FUTURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """`at_once` of `waiting` are told at once; the last of the rest at `last_at`.

    `sold_out_at`: when nothing is left, if that comes first. Both None: not within a week.
    `told`: people told in all by then.
    """

    units: int
    waiting: int
    at_once: int
    told: int
    last_at: datetime | None
    sold_out_at: datetime | None

    def __str__(self) -> str:
        first = f"{self.units:,} units now: {self.at_once:,} of {self.waiting:,} told at once"
        if self.at_once >= self.waiting:
            return f"{first}."
        if self.last_at is not None:
            return f"{first}, the rest by {self.last_at:%H:%M on %d %B}."
        if self.sold_out_at is not None:
            return (
                f"{first}, {self.told:,} until it is sold out, "
                f"about {self.sold_out_at:%H:%M on %d %B}."
            )
        return f"{first}, {self.told:,} within a week."


def foresee(state: AdaptiveState, *, units: int) -> Foresight:
    """What becomes of a restock of so many units now. Times are in the zone of `state.now`.

    Raises ValueError for less than one unit.
    """
    if units < 1:
        raise ValueError(f"A restock has at least one unit, not {units}.")
    belief = believe(replace(state, stock=units, stock_at=None))
    ends = sorted(
        (_run(state, belief, units=units, seed=seed) for seed in range(_FUTURES)), key=_ending
    )
    return ends[_FUTURES // 2]


def _run(state: AdaptiveState, belief: Belief, *, units: int, seed: int) -> Foresight:
    """One future, until all are told, all is sold, or a week is over."""
    course = _Course(state, belief, units=units, seed=seed)
    first = course.step()
    while not course.is_over and course.now - state.now < _LONGEST:
        course.step()
    all_told = course.waiting == 0
    return Foresight(
        units=units,
        waiting=state.waiting,
        at_once=first,
        told=state.waiting - course.waiting,
        last_at=course.last_at if all_told else None,
        sold_out_at=course.now if course.is_gone and not all_told else None,
    )


def _ending(one: Foresight) -> tuple[bool, float]:
    at = one.last_at or one.sold_out_at
    return (at is None, at.timestamp() if at else -float(one.told))


class _Course:
    """One possible future, step by step."""

    def __init__(self, state: AdaptiveState, belief: Belief, *, units: int, seed: int) -> None:
        self._state = replace(state, stock=units, stock_at=None)
        self._left = units
        self._belief = belief
        self._asked = state.waiting_units / max(state.waiting, 1)
        self._delays = _delays(belief)
        self._random = Random(seed)
        self._looks: list[tuple[datetime, int]] = []  # still to come, and by whom: wave
        self.now = self.last_at = self._began = state.now

    @property
    def waiting(self) -> int:
        return self._state.waiting

    @property
    def is_gone(self) -> bool:
        return self._left <= 0

    @property
    def is_over(self) -> bool:
        return self.waiting == 0 or self.is_gone

    def step(self) -> int:
        """Decide, tell, and let the time until the next look pass."""
        decision = decide(self._state)
        people, told = decision.people, self._state.told
        if people:
            self.last_at = self.now
            self._draw(people, wave=len(told))
            told = (*told, Told(at=self.now, people=people, units=decision.units))
        waiting = self._state.waiting - people
        again = decision.look_again or timedelta(minutes=1)
        # the further away, the less it matters when exactly
        self.now += max(again, (self.now - self._began) / 8)
        self._state = replace(
            self._state,
            waiting=waiting,
            waiting_units=round(waiting * self._asked),
            told=told,
        )
        self._pass()
        return people

    def _draw(self, people: int, *, wave: int) -> None:
        """Who of them will look, and when."""
        for _ in range(people):
            if self._random.random() < self._belief.look_share:
                delay = timedelta(seconds=self._random.choice(self._delays))
                self._looks.append((self.now + delay, wave))

    def _pass(self) -> None:
        """Those who look by now do so, and some buy."""
        due = sorted(one for one in self._looks if one[0] <= self.now)
        self._looks = [one for one in self._looks if one[0] > self.now]
        looked: dict[int, list[timedelta]] = {}
        told, sales = self._state.told, list(self._state.sales)
        for at, wave in due:
            looked.setdefault(wave, []).append(at - told[wave].at)
            if self._left > 0 and self._random.random() < self._belief.buy_of_look:
                units = min(round(self._belief.units_each), self._left)
                self._left -= units
                sales.append(Sale(at=at, units=units, told=True))
        self._state = replace(
            self._state,
            now=self.now,
            stock=self._left,
            sales=tuple(sales),
            told=tuple(
                replace(one, looked=(*one.looked, *looked[n])) if n in looked else one
                for n, one in enumerate(told)
            ),
        )


def _delays(belief: Belief) -> list[float]:
    """The delay in seconds by which each percent of those who look has done so."""
    found, place = [], 0
    for percent in range(101):
        while place < BINS - 1 and belief.passed[place] < (percent + 0.5) / 101:
            place += 1
        found.append(seconds_of(place))
    return found
