"""How many people may be told now, and why?

`plan_wave` is a pure function: the state of a release in, a number of units of demand and the
reason in words out. A further strategy is one more function in STRATEGIES. `adaptive`, the one
releases use unless they are told otherwise, is in domain/adaptive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from notifier.domain.adaptive import decide
from notifier.domain.adaptive_state import AdaptiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A shop's or product's way to release: see config.ReleaseRules."""

    name: str
    rate: float = 3
    size: int = 50
    interval: timedelta = timedelta(minutes=30)
    cautious: float = 1.0  # adaptive: 0 rather sell faster … 2 rather disappoint nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseState:
    """What is known when a wave is planned. `quantity` None: in stock, but not how many."""

    quantity: int | None
    units_told: int
    waves: int
    adaptive: AdaptiveState | None = None  # for `adaptive`: what has been seen of this release


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePlan:
    """Tell at most `people` people whose wishes add up to at most `units`; None: no limit.

    `largest`: a person who wants more than this is passed over for now and keeps the place in
    line. `again_in`: when to plan the next wave; None: this was the last. `facts`: what `reason`
    says, as values, with the `rule` that decided (a phrase of that name is in every locale).
    """

    people: int | None
    units: int | None
    largest: int | None
    reason: str
    again_in: timedelta | None
    facts: dict[str, Any] = field(default_factory=dict)


def plan_wave(state: ReleaseState, *, strategy: Strategy) -> WavePlan:
    """The next wave. Raises KeyError for a strategy that does not exist (config refuses it)."""
    return STRATEGIES[strategy.name](state, strategy)


def _tell_all(state: ReleaseState, strategy: Strategy) -> WavePlan:
    return WavePlan(
        people=None,
        units=None,
        largest=None,
        reason="Everybody at once.",
        again_in=None,
        facts={"rule": "all"},
    )


def _tell_per_unit(state: ReleaseState, strategy: Strategy) -> WavePlan:
    if state.quantity is None:
        plan = _tell_fixed(state, strategy)
        return WavePlan(
            people=plan.people,
            units=None,
            largest=None,
            reason=f"The source gives no quantity, so {plan.reason[0].lower()}{plan.reason[1:]}",
            again_in=plan.again_in,
            facts={**plan.facts, "rule": "no_quantity"},
        )
    units = max(int(state.quantity * strategy.rate), 1)
    return WavePlan(
        people=None,
        units=units,
        largest=state.quantity,
        reason=f"{state.quantity} there, {strategy.rate:g} told for each: {units} units of demand.",
        again_in=strategy.interval,
        facts={
            "rule": "per_unit",
            "stock": state.quantity,
            "rate": strategy.rate,
            "units": units,
        },
    )


def _tell_fixed(state: ReleaseState, strategy: Strategy) -> WavePlan:
    return WavePlan(
        people=strategy.size,
        units=None,
        largest=None,
        reason=f"{strategy.size} people in each wave.",
        again_in=strategy.interval,
        facts={"rule": "fixed", "size": strategy.size},
    )


def _tell_adaptive(state: ReleaseState, strategy: Strategy) -> WavePlan:
    if state.adaptive is None:
        raise ValueError("The adaptive strategy needs to know what has been seen of the release.")
    decision = decide(state.adaptive)
    rest = decision.people == state.adaptive.waiting
    return WavePlan(
        people=None if rest else decision.people,
        units=None if rest else decision.units,
        largest=state.quantity,
        reason=decision.reason,
        again_in=decision.look_again,
        facts=asdict(decision.facts),
    )


STRATEGIES: Mapping[str, Callable[[ReleaseState, Strategy], WavePlan]] = {
    "all": _tell_all,
    "per_unit": _tell_per_unit,
    "fixed": _tell_fixed,
    "adaptive": _tell_adaptive,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who is told in this wave, in order, and who was passed over because they want too many."""

    told: tuple[int, ...]
    passed: tuple[int, ...]
    units: int
    full: bool  # the wave's limit was reached; those behind wait for the next one


def choose_people(
    line: list[tuple[int, int]],
    *,
    people_left: int | None,
    units_left: int | None,
    largest: int | None,
    is_first: bool,
) -> Chosen:
    """Go down the line (subscription id, quantity asked), oldest first, until the wave is full.

    Nobody overtakes: when the next person's wish does not fit into what is left, the wave ends
    there. Only who wants more than there is at all (`largest`) is passed over. `is_first`: nobody
    was told in this wave yet, so the first person is told even where the units would not suffice,
    and a release never starves.
    """
    told: list[int] = []
    passed: list[int] = []
    units = 0
    for subscription, asked in line:
        if largest is not None and asked > largest:
            passed.append(subscription)
            continue
        if people_left is not None and len(told) >= people_left:
            return Chosen(told=tuple(told), passed=tuple(passed), units=units, full=True)
        starves = is_first and not told
        if units_left is not None and units + asked > units_left and not starves:
            return Chosen(told=tuple(told), passed=tuple(passed), units=units, full=True)
        told.append(subscription)
        units += asked
    return Chosen(told=tuple(told), passed=tuple(passed), units=units, full=False)
