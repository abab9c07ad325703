"""In which worlds are the ways to release compared?

A world says how people behave; a strategy is told nothing of it but what a shop would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`buy`: the share of those told who would buy if they could; `look`: who follow the link.

    Hours and units. `delay`: from message to look, "log" normal, exponential ("power"), or "two":
    some at once and the rest at leisure. `quantity`: most units that one person wants.
    `restocks`: (hour, units). `seen_every`: hours between looks at stock. `counted`: the source
    says how many. `orders`: it is reported who buys; else only stock falls.
    """

    units: int
    waiting: int
    buy: float
    look: float
    median: float
    spread: float = 1.2
    delay: str = "log"
    quantity: int = 1
    restocks: tuple[tuple[float, int], ...] = ()
    seen_every: float = 0.0
    counted: bool = True
    orders: bool = True
    strangers: float = 0.0  # units an hour that others buy
    hours: float = 14 * 24

    def draw_delay(self, random: Random) -> float:
        """Hours until somebody looks who will."""
        if self.delay == "power":
            return random.expovariate(log(2) / self.median)
        if self.delay == "two":
            middle = self.median / 4 if random.random() < 0.5 else self.median * 4
            return middle * exp(0.8 * random.gauss(0, 1))
        return self.median * exp(self.spread * random.gauss(0, 1))


WORLDS: Mapping[str, World] = {
    "20 for 2,000, 10 % buy": World(units=20, waiting=2_000, buy=0.10, look=0.40, median=1.25),
    "200 for 20,000, 4.5 %": World(units=200, waiting=20_000, buy=0.045, look=0.30, median=1.25),
    "50 for 5,000, 36 % (hot)": World(
        units=50, waiting=5_000, buy=0.36, look=0.60, median=0.3, spread=0.8
    ),
    "5 for 3,000, 16 % (scarce)": World(units=5, waiting=3_000, buy=0.16, look=0.40, median=1.25),
}


def random_world(random: Random) -> World:
    """Any shop on any day: nothing was tried out on these."""
    buy = exp(random.uniform(log(0.005), log(0.6)))
    look = min(buy * exp(random.uniform(log(1.2), log(8))), 0.9)
    units = round(exp(random.uniform(log(1), log(5_000))))
    waiting = min(max(round(units / buy * exp(random.uniform(-1.0, 2.0))), 5), 30_000)
    again = random.random() < 0.25
    later = round(random.uniform(0.2, 1.5) * units) + 1
    return World(
        units=units,
        waiting=waiting,
        buy=buy,
        look=max(look, buy),
        median=exp(random.uniform(log(3 / 60), log(24))),
        spread=random.uniform(0.6, 1.8),
        delay=random.choice(("log", "log", "power", "two")),
        quantity=random.choice((1, 1, 1, 2, 4)),
        restocks=((random.uniform(1, 30), later),) if again else (),
        seen_every=random.choice((0.0, 0.0, 0.1, 0.5, 2.0)),
        counted=random.random() > 0.15,
        orders=random.random() > 0.3,
        strangers=random.choice((0.0, 0.0, 0.0, units / 50)),
    )
