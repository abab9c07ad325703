"""How many may be told now, so that next to nobody finds it sold out and nothing lies unsold?

`decide` is a pure function: what is known of a release in (domain/adaptive_state), how many to
tell now, when to look again and why out. There is one knob, `cautious`, and nobody has to turn it.

Who is told has a claim on stock until bought or thought better of. Of those told, this many may
come too late (`LATE`). From it, and from what is left, follows how many claims may be out at a time
(domain/adaptive_risk); from what was seen, how many are out (domain/adaptive_belief). People are
told as long as one of these holds:

- fewer could still buy than there are units: then nobody can come too late;
- no more claims are out than may be, for so few to come too late in the end, and there is enough
  for all who may buy even if that are more than is likely: when nothing is known, nearly everybody;
- nearly all who were told have had their time, and nobody else has been told since: then one is.

A night, in which nobody looks, is no time that people had (domain/adaptive_night).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import floor
from typing import Any

from notifier.domain.adaptive_belief import believe
from notifier.domain.adaptive_claims import Belief, looks_for_each_sale
from notifier.domain.adaptive_risk import may_be_out
from notifier.domain.adaptive_state import AdaptiveState

ADAPTIVE = "adaptive"  # the strategy
LATE = 0.02  # of those told, so many may find it gone
_AIM = 0.9  # of it: luck is uneven
_STEEP = 4.0  # a step of the knob allows so many times more, or fewer
_SOON, _SELDOM = timedelta(minutes=1), timedelta(minutes=30)
_OFTEN = 12  # looks at it while half of the people look
_PATIENCE = timedelta(hours=24)
_FEW = 14.0  # people
_UNTESTED = 2.0  # times as many as had the time to look: at most so many at one time who had not
_BEFORE_LOOKING, _FILL = 0.9, 0.18  # of those who may come too late, where stock is not counted
_SHORT_OF = 8.0  # units, where neither the source nor the past say how many a restock brings


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a wave was decided on, for the merchant's page and for the record.

    `claims`: sales that may still come of those told before. `low`, `high`: the share that buys
    lies between them with 90 %. `median_minutes`: from the message to the look.
    """

    stock: int | None
    told_before: int
    looked: int
    bought: float
    claims: float
    undecided: float
    buy_share: float
    low: float
    high: float
    median_minutes: float
    waiting: int
    told_now: int
    rule: str


_ABOUT_NOW = frozenset({"stock", "waiting", "told_now", "rule"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Tell `people` now, who together ask for about `units`. `look_again`: None: all are told."""

    people: int
    units: int
    look_again: timedelta | None
    reason: str
    facts: Facts


def late_share(cautious: float) -> float:
    """Of those told, so many may find it gone: 2 % at 1, 8 % at 0, 0.5 % at 2."""
    return LATE * float(_STEEP ** (1 - cautious))


def decide(state: AdaptiveState) -> Decision:
    """The next step of a release. Raises ValueError for numbers below zero."""
    if min(state.waiting, state.waiting_units, state.stock or 0, state.late) < 0:
        raise ValueError(f"Numbers of a release must not be negative: {state!r}")
    if not 0 <= state.cautious <= 2:
        raise ValueError(f"How cautious to be is from 0 to 2, not {state.cautious:g}.")
    belief = believe(state)
    people, rule = _how_many(state, belief)
    asked = state.waiting_units / state.waiting if state.waiting else 1.0
    return Decision(
        people=people,
        units=max(round(people * asked), people),
        look_again=_look_again(belief) if state.waiting > people else None,
        reason=_reason(state, belief, people=people, rule=rule),
        facts=_facts(state, belief, people=people, rule=rule),
    )


def known(state: AdaptiveState) -> dict[str, Any]:
    """Of the facts of a decision, those that are about who was told before."""
    facts = asdict(_facts(state, believe(state), people=0, rule=""))
    return {name: value for name, value in facts.items() if name not in _ABOUT_NOW}


def _how_many(state: AdaptiveState, belief: Belief) -> tuple[int, str]:
    """So many, and by which rule."""
    if not state.waiting:
        return 0, "nobody"
    if state.stock == 0:
        return 0, "gone"
    left = _left(state, belief)
    if left is not None and left <= 0:
        return 0, "spoken_for"
    allowed = _Allowance(state, belief, left=left)
    free = 0
    if left is not None and not belief.strangers:
        free = min(max(floor(left - belief.possible), 0), state.waiting)
    most = max(min(_may_be_untested(state, belief), state.waiting), free)
    people = _most(allowed.holds, at_least=free, at_most=most)
    if people > free:
        return people, "share"
    if people:
        return people, "fewer_than_units"
    if _is_starving(state, belief):
        return 1, "patience"
    return 0, "wait"


def _may_be_untested(state: AdaptiveState, belief: Belief) -> int:
    """So many more, before those told last have shown anything."""
    if not state.told:
        return state.waiting
    tried = belief.tested + state.told[0].people
    return max(int(_UNTESTED * tried - (belief.told - belief.tested)), 0)


def _left(state: AdaptiveState, belief: Belief) -> float | None:
    """Buyers' worth of stock that is left, less what was reported sold since it was seen."""
    if state.stock is None:
        return None
    sold = 0
    if state.stock_at is not None:
        sold = sum(
            one.units for one in state.sales if one.told is not None and one.at > state.stock_at
        )
    units = state.stock - sold
    return max(units / belief.units_each, 1.0) if units > 0 else 0.0


class _Allowance:
    """Whether so many more may be told."""

    def __init__(self, state: AdaptiveState, belief: Belief, *, left: float | None) -> None:
        self._belief = belief
        self._left = left
        self._looks = looks_for_each_sale(belief, looks_seen=state.looks_seen)
        share = max(belief.buy_share, 1e-4)
        still = left
        if still is None:
            usual = max((state.history.usual_stock or _SHORT_OF) / belief.units_each, 1.0)
            self._usual = usual + belief.bought
            still = max(usual - belief.bought, 0.0)  # beyond the usual it may end at any time
        claims = belief.claims(0).mean
        told_at_end = belief.told + min(max(still - claims, 0.0) / share, state.waiting)
        # of few people told, one who comes too late is a large share: be more careful
        allowed = _AIM * late_share(state.cautious) * told_at_end**2 / (told_at_end + _FEW)
        self._late = max(allowed - state.late, allowed / 2)

    def holds(self, people: int) -> bool:
        claims = self._belief.claims(people)
        if self._left is None:
            # any number may be left: the longer it lasted, the more, so the odds fall with it
            late = claims.mean * self._looks
            short = (claims.mean**2 + claims.variance) / 2 / self._usual * self._looks
            late -= self._belief.look_share
            return late <= _BEFORE_LOOKING * self._late or short <= _FILL * self._late
        return may_be_out(claims, left=self._left, late=self._late / self._looks)


def _most(holds: Callable[[int], bool], *, at_least: int, at_most: int) -> int:
    """The greatest number that holds, of those from `at_least`, which is taken as it is."""
    low, high, step = at_least, at_least + 1, 1
    while high <= at_most and holds(high):
        low, step = high, step * 2
        high = low + step
    high = min(high, at_most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _is_starving(state: AdaptiveState, belief: Belief) -> bool:
    """Whether the last wave is so long ago that nearly all who would look have looked."""
    if not state.told:
        return True
    patience = min(timedelta(seconds=belief.nearly_all), _PATIENCE)
    return state.now - state.told[-1].at >= patience


def _look_again(belief: Belief) -> timedelta:
    soon = timedelta(seconds=belief.median / _OFTEN)
    return min(max(soon, _SOON), _SELDOM)


def _facts(state: AdaptiveState, belief: Belief, *, people: int, rule: str) -> Facts:
    low, high = belief.interval()
    claims = belief.claims(0)
    return Facts(
        stock=state.stock,
        told_before=belief.told,
        looked=round(belief.looks),
        bought=round(belief.bought, 1),
        claims=round(claims.mean, 2),
        undecided=round(claims.lookers, 1),
        buy_share=round(belief.buy_share, 4),
        low=round(low, 4),
        high=round(high, 4),
        median_minutes=round(belief.median / 60, 1),
        waiting=state.waiting,
        told_now=people,
        rule=rule,
    )


_RULES = {
    "nobody": "Nobody waits.",
    "gone": "Nothing is left, so nobody is told.",
    "spoken_for": "What was seen has been ordered since, so nobody is told before the next look.",
    "wait": "Nobody is told now: what is left may be spoken for.",
    "patience": "One is told: the others have had their time to decide.",
    "fewer_than_units": "{people} told now: fewer could buy than there are units.",
    "share": "{people} told now, so that next to nobody comes too late.",
}


def _reason(state: AdaptiveState, belief: Belief, *, people: int, rule: str) -> str:
    """The facts as a sentence or two."""
    there = "There, but not how many." if state.stock is None else f"{state.stock} there."
    decided = _RULES[rule].format(people=f"{people:,}")
    if not belief.told:
        return f"{there} {decided}"
    low, high = belief.interval()
    seen = (
        f"{belief.told:,} told, of whom about {belief.claims(0).mean:.1f} may still buy "
        f"({belief.buy_share:.0%} do, {low:.0%} to {high:.0%})."
    )
    if belief.quiet_since is not None:
        seen += f" Nobody has looked since {belief.quiet_since:%H:%M}: it seems to be night."
    return f"{there} {seen} {decided}"
