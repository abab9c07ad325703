"""If so many units came now, how many would be told at once, and when the rest?

A run of `decide` against the most likely future: of those told, the believed share looks after the
believed delays, the believed part of them buys, and nothing comes by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.domain.adaptive import decide
from notifier.domain.adaptive_belief import believe
from notifier.domain.adaptive_delay import BINS, seconds_of
from notifier.domain.adaptive_state import AdaptiveState, Sale, Told

_LONGEST = timedelta(days=7)
_STEPS = 200


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
                f"at about {self.sold_out_at:%H:%M on %d %B}."
            )
        return f"{first}, {self.told:,} within a week."


def foresee(state: AdaptiveState, *, units: int) -> Foresight:
    """What becomes of a restock of so many units now. Times are in the zone of `state.now`.

    Raises ValueError for less than one unit.
    """
    if units < 1:
        raise ValueError(f"A restock has at least one unit, not {units}.")
    course = _Course(state, units=units)
    first = course.step()
    for _ in range(_STEPS):
        if course.is_over or course.now - state.now > _LONGEST:
            break
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


class _Course:
    """The most likely future, step by step."""

    def __init__(self, state: AdaptiveState, *, units: int) -> None:
        self._state = replace(state, stock=units, stock_at=None)
        self._units = units
        belief = believe(self._state)
        self._look, self._buy = belief.look_share, belief.buy_of_look
        self._each, self._asked = belief.units_each, state.waiting_units / max(state.waiting, 1)
        self._delays = _delays(state)
        self._before = len(state.told)
        self._sold = self._people = 0
        self._will: list[int] = []  # of each wave: so many look
        self.now = self.last_at = state.now

    @property
    def waiting(self) -> int:
        return self._state.waiting

    @property
    def is_gone(self) -> bool:
        return self._sold >= self._units

    @property
    def is_over(self) -> bool:
        return self.waiting == 0 or self.is_gone

    def step(self) -> int:
        """Decide, tell, and let the time until the next look pass."""
        decision = decide(self._state)
        told = self._state.told
        if decision.people:
            self.last_at = self.now
            self._people += decision.people
            self._will.append(round(self._people * self._look) - sum(self._will))
            told = (*told, Told(at=self.now, people=decision.people, units=decision.units))
        waiting = self._state.waiting - decision.people
        again = decision.look_again or timedelta(minutes=1)
        # the further away, the less it matters when exactly
        self.now += max(again, (self.now - self._state.now) / 20)
        told = (*told[: self._before], *map(self._looked, told[self._before :], self._will))
        looked = sum(len(one.looked) for one in told[self._before :])
        sold = min(int(looked * self._buy * self._each), self._units)
        sales = self._state.sales
        if sold > self._sold:
            sales = (*sales, Sale(at=self.now, units=sold - self._sold, told=True))
        self._sold = sold
        self._state = replace(
            self._state,
            now=self.now,
            stock=self._units - sold,
            told=told,
            sales=sales,
            waiting=waiting,
            waiting_units=round(waiting * self._asked),
        )
        return decision.people

    def _looked(self, wave: Told, will: int) -> Told:
        """The wave with those who will have looked by now."""
        age = (self.now - wave.at).total_seconds()
        delays = (self._delays[int((n + 0.5) / will * 100)] for n in range(will))
        return replace(wave, looked=tuple(timedelta(seconds=d) for d in delays if d <= age))


def _delays(state: AdaptiveState) -> list[float]:
    """The delay in seconds by which each percent of those who look has done so."""
    belief = believe(state)
    found, place = [], 0
    for percent in range(101):
        while place < BINS - 1 and belief.passed[place] < (percent + 0.5) / 101:
            place += 1
        found.append(seconds_of(place))
    return found
