"""In which worlds are the ways to release compared?

A world says how people behave; a strategy is told nothing of it but what a shop would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erf, exp, log, sqrt
from random import Random

DAY, SLEEP = 24.0, 8.0  # hours
TWO_SPREAD = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`buy`: the share of those told who would buy if they could; `look`: who follow the link.

    Hours and units. `delay`: from message to look, "log" normal, exponential ("power"), "two":
    some at once and the rest (`second`) `apart` times later, or "night": two in five sleep over it.
    `night`: everybody sleeps for eight hours a day from that hour on, and looks in the hour after
    waking; 0: nobody does. `quantity`: most units that one person wants. `restocks`: (hour,
    units). `seen_every`: hours between looks at stock. `counted`: the source says how many.
    `orders`: it is reported who buys; else only stock falls. `fades`: the first in line buy three
    times as often as those who come so many people and more after them. `returned`: of what is
    sold, so much is there again some hours later. `scanned`: of the messages, so many are read by
    programs at once, which follow the links.
    """

    units: int
    waiting: int
    buy: float
    look: float
    median: float
    spread: float = 1.2
    delay: str = "log"
    second: float = 0.5
    apart: float = 16.0
    night: float = 0.0
    quantity: int = 1
    restocks: tuple[tuple[float, int], ...] = ()
    seen_every: float = 0.0
    counted: bool = True
    orders: bool = True
    strangers: float = 0.0  # units an hour that others buy
    fades: float = 0.0
    returned: float = 0.0
    scanned: float = 0.0
    hours: float = 14 * 24

    def draw_delay(self, random: Random) -> float:
        """Hours until somebody looks who will."""
        if self.delay == "power":
            return random.expovariate(log(2) / self.median)
        if self.delay == "two":
            between = sqrt(self.apart)
            is_first = random.random() < 1 - self.second
            middle = self.median / between if is_first else self.median * between
            return middle * exp(TWO_SPREAD * random.gauss(0, 1))
        if self.delay == "night" and random.random() < 0.4:
            return random.uniform(8, 11)
        return self.median * exp(self.spread * random.gauss(0, 1))

    def awake_at(self, hour: float, random: Random) -> float:
        """That hour, or one in the morning if everybody sleeps then."""
        asleep = (hour - self.night) % DAY
        if not self.night or hour < self.night or asleep >= SLEEP:
            return hour
        return hour - asleep + SLEEP + random.random()

    def passed(self, told: float, now: float) -> float:
        """Of those told then who will look, the share that has by now (hours)."""
        since = (now - self.night) % DAY
        if not self.night or now < self.night or since >= SLEEP + 1:
            return self._over(now - told)
        at_night = self._over(max(now - since - told, 0.0))
        awake = max(since - SLEEP, 0.0)  # part of an hour: all who slept look in it
        return at_night + (self._over(now - told) - at_night) * awake

    def _over(self, hours: float) -> float:
        if hours <= 0:
            return 0.0

        def before(middle: float, spread: float) -> float:
            return 0.5 * (1 + erf(log(hours / middle) / (spread * sqrt(2))))

        if self.delay == "power":
            return 1 - exp(-log(2) * hours / self.median)
        if self.delay == "two":
            between = sqrt(self.apart)
            first, later = self.median / between, self.median * between
            return before(first, TWO_SPREAD) * (1 - self.second) + (
                before(later, TWO_SPREAD) * self.second
            )
        usual = before(self.median, self.spread)
        if self.delay == "night":
            return 0.6 * usual + 0.4 * min(max((hours - 8) / 3, 0.0), 1.0)
        return usual

    def buy_at(self, place: int) -> float:
        """The share that buys of those in that place in line."""
        return self.buy * (0.5 + exp(-place / self.fades)) if self.fades else self.buy


WORLDS: Mapping[str, World] = {
    "20 for 2,000, 10 % buy": World(units=20, waiting=2_000, buy=0.10, look=0.40, median=1.25),
    "200 for 20,000, 4.5 %": World(units=200, waiting=20_000, buy=0.045, look=0.30, median=1.25),
    "50 for 5,000, 36 % (hot)": World(
        units=50, waiting=5_000, buy=0.36, look=0.60, median=0.3, spread=0.8
    ),
    "5 for 3,000, 16 % (scarce)": World(units=5, waiting=3_000, buy=0.16, look=0.40, median=1.25),
}

# no constant of the strategy was fitted to these: they are its check
HELD_OUT: Mapping[str, World] = {
    "1 for 400, 20 % buy": World(units=1, waiting=400, buy=0.20, look=0.50, median=0.8),
    "3 for 900, 12 %": World(units=3, waiting=900, buy=0.12, look=0.45, median=0.5, spread=1.0),
    "800 for 9,000, 12 % (large)": World(
        units=800, waiting=9_000, buy=0.12, look=0.35, median=0.9, spread=1.4
    ),
    "30 for 1,000, 60 %": World(units=30, waiting=1_000, buy=0.60, look=0.80, median=0.6),
    "15 for 8,000, 1 %": World(units=15, waiting=8_000, buy=0.01, look=0.08, median=1.0),
    "40 for 2,000, flash sale": World(
        units=40, waiting=2_000, buy=0.25, look=0.50, median=0.03, spread=0.9, delay="power"
    ),
    "60 for 3,000, slow buyers": World(units=60, waiting=3_000, buy=0.10, look=0.30, median=14.0),
    "25 for 1,500, a night between": World(
        units=25, waiting=1_500, buy=0.12, look=0.40, median=0.7, delay="night"
    ),
    "30 for 2,000, early ones buy": World(
        units=30, waiting=2_000, buy=0.20, look=0.50, median=1.0, fades=80
    ),
    "12 + 20 + 8 for 2,000, in parts": World(
        units=12,
        waiting=2_000,
        buy=0.10,
        look=0.35,
        median=0.8,
        restocks=((9.0, 20), (30.0, 8)),
    ),
    "40 for 2,500, 15 % come back": World(
        units=40, waiting=2_500, buy=0.15, look=0.40, median=0.8, returned=0.15
    ),
    "30 for 2,000, programs click": World(
        units=30, waiting=2_000, buy=0.10, look=0.35, median=1.0, scanned=0.15
    ),
    "40 for 2,000, two crowds": World(
        units=40, waiting=2_000, buy=0.15, look=0.40, median=2.0, delay="two"
    ),
    "10 for 1,000, hot, two crowds": World(
        units=10, waiting=1_000, buy=0.33, look=0.90, median=2.0, delay="two"
    ),
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
