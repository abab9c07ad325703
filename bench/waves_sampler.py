"""Which worlds might a shop meet? Drawn by chance, so that nobody can choose them.

`sample(n)` is always the same world for the same n. Constants of the strategy may be fitted to the
worlds below `TUNED_ON`; those from there on are only for telling how it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import exp, log
from random import Random

from bench.waves_worlds import World

TUNED_ON = 1_000
_MOST_WAITING = 30_000
_BUY = ((0.005, 0.01), (0.02, 0.15), (0.02, 0.15), (0.15, 0.6), (0.6, 0.9))
_UNITS = ((1, 3), (4, 40), (4, 40), (40, 800), (800, 5_000))


def sample(number: int) -> tuple[str, World]:
    """A world, and what is to be said of it."""
    random = Random(f"world {number}")
    buy = _between(random, *random.choice(_BUY))
    units = round(_between(random, *random.choice(_UNITS)))
    units = max(min(units, int(_MOST_WAITING / 2 * buy)), 1)
    waiting = min(max(round(units / buy * _between(random, 1.5, 8)), 20), _MOST_WAITING)
    plain = World(
        units=units,
        waiting=waiting,
        buy=buy,
        look=buy ** random.uniform(0.2, 0.9),
        median=_between(random, 1 / 6, 12),
        spread=random.uniform(0.6, 1.8),
        delay=random.choice(("log", "log", "power")),
    )
    twist = random.choice(tuple(_TWISTS))
    percent = f"{buy:.1%}" if buy < 0.02 else f"{buy:.0%}"
    delay = f"{plain.median:.1f} h"
    return f"{units} for {waiting:,}, {percent}, {delay}{twist}", _TWISTS[twist](plain, random)


def _between(random: Random, low: float, high: float) -> float:
    """Any number between, all orders of magnitude alike."""
    return exp(random.uniform(log(low), log(high)))


def _in_parts(world: World, random: Random) -> World:
    later = random.randint(1, world.units * 2)
    return replace(world, restocks=((random.uniform(1, 20) * world.median, later),))


_TWISTS: Mapping[str, Callable[[World, Random], World]] = {
    "": lambda world, _: world,
    ", several each": lambda world, random: replace(world, quantity=random.choice((2, 3, 5))),
    ", strangers buy": lambda world, random: replace(
        world, strangers=world.units / _between(random, 10, 100)
    ),
    ", strangers unseen": lambda world, random: replace(
        world, strangers=world.units / _between(random, 10, 100), orders=False
    ),
    ", a night": lambda world, random: replace(world, night=random.uniform(1, 16)),
    ", two crowds": lambda world, random: replace(
        world, delay="two", second=random.uniform(0.2, 0.6), apart=_between(random, 4, 40)
    ),
    ", in parts": _in_parts,
    ", only stock falls": lambda world, random: replace(
        world, orders=False, seen_every=random.choice((0.05, 0.25, 1.0))
    ),
    ", in or out": lambda world, random: replace(
        world, counted=False, orders=random.random() < 0.5
    ),
}
