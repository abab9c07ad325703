"""How would it go if one knew how people behave? A bound for strategies that have to learn it.

The oracle is told who looks, who buys and when, of everybody but each by himself. It plans by the
same rule for claims (domain/adaptive_risk), and takes the best of some settings with hindsight.
"""

from __future__ import annotations

from bench.waves_run import Step, View, Way
from bench.waves_worlds import World
from notifier.domain.adaptive import LATE
from notifier.domain.adaptive_risk import claims_for

AIMS = (0.1, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)  # of those who may come too late, so many
_FEW = 5.0
_OFTEN = 8  # looks at it while half of the people look


def oracle_way(world: World, *, aim: float) -> Way:
    """Tell as many as may be out of `world`, for `aim` × 2 % to come too late."""
    again = min(max(world.median / _OFTEN, 1 / 60), 0.5)
    looks = world.look / world.buy
    each = (1 + world.quantity) / 2  # units that a buyer takes

    def step(view: View) -> Step:
        out = 0.0
        for at, people, looked in zip(view.told_at, view.told_people, view.looked, strict=True):
            over = world.passed(at, view.hour)
            still = max(people - len(looked), 0)
            out += still * world.buy * (1 - over) / (1 - world.look * over)
        left = max((view.stock if view.counted else world.units - _sold(view)) / each, 0.0)
        if left <= 0:
            return 0, None, again
        told = view.next + min(max(left - out, 0) / world.buy, view.waiting)
        late = max(aim * LATE * told**2 / (told + _FEW) - view.late, 1e-3) / looks
        allowed = claims_for(max(left, 1.0), late=late)
        return min(int(max(allowed - out, 0.0) / world.buy), view.waiting), None, again

    return step


def _sold(view: View) -> int:
    return sum(one.units for one in view.sales)
