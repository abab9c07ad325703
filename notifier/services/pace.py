"""How many people are told in one transaction, so that nobody waits long behind it?

As many as this machine's database takes in a fraction of the time that a visitor would notice:
measured, not guessed. On SQLite everybody else who writes waits for the transaction to end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

FEWEST = 2_000
MOST = 10_000
WANTED = 0.06  # seconds; the slowest of many takes about twice as long as most
GROWTH = 2.0  # at most, from one to the next


@dataclass(slots=True)
class Pace:
    """Learns from what the last ones took. One thread at a time; make one a process."""

    people: int = FEWEST
    most: int = MOST
    turn: float = 0.1  # seconds; then new events are looked for, and the other releases
    _told: int = 0
    _began: float = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Around a transaction, until it is committed."""
        self._told = 0
        yield
        if self._told:
            self.learn(self._told, seconds=time.perf_counter() - self._began)

    def begin(self) -> None:
        """From here on it takes the longer the more people it tells."""
        self._began = time.perf_counter()

    def looked_at(self, people: int) -> None:
        """So many places were dealt with in it."""
        self._told = people

    def learn(self, told: int, *, seconds: float) -> None:
        """`told` people took so long: the next time as many as would take WANTED."""
        fitting = told * WANTED / max(seconds, 1e-6)
        if told < self.people and fitting >= told:
            return  # a short one says nothing about more
        self.people = min(int(min(max(fitting, FEWEST), self.people * GROWTH)), self.most)
