"""What is known when an adaptive wave is planned, and what has a shop learned before?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifier.domain.adaptive_delay import BINS, bin_of

KEPT = 0.8  # of what earlier releases taught, with every further one
_MOST = 40.0  # a shop's past never outweighs so many people of this release
_MOST_DELAYS = 60.0
_TOO_SOON = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Those who were told at one time. `looked`: how long after it each who looked did so.

    To look is to follow the purchase link, or to order. One entry a person.
    """

    at: datetime
    people: int
    units: int
    looked: tuple[timedelta, ...] = ()

    @property
    def read(self) -> tuple[timedelta, ...]:
        """The looks of people: nobody reads a message and follows its link as soon as programs."""
        return tuple(delay for delay in self.looked if delay >= _TOO_SOON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order that was reported, or a fall in stock, while the release ran.

    `told`: the buyer had been told; None: nobody knows, as with a fall in stock.
    """

    at: datetime
    units: int
    told: bool | None = None

    @property
    def to_stranger(self) -> bool:
        """Whether the buyer surely had not been told."""
        return self.told is False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopHistory:
    """What the shop's earlier releases taught; to a fresh one any share is as likely
    as any other.

    Numbers of people, older ones counted for less. `delays`: by bin of domain/adaptive_delay.
    `usual_stock`: units a restock brings, for sources that give no quantity; None: not known.
    """

    looked: float = 1.0
    not_looked: float = 1.0
    bought: float = 1.0
    only_looked: float = 1.0
    delays: tuple[float, ...] = (0.0,) * BINS
    usual_stock: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveState:
    """A release at `now`.

    `stock`: units at the last look, None: there, but not how many. `stock_at`: when that was;
    None: just now. `sales`: since the first was told. `waiting`, `waiting_units`: those in line
    not told yet, and what they ask for together. `late`: how many are known to have looked when
    nothing was left. `looks_seen`: whether `Told.looked` is known at all. `cautious`: the one knob,
    from 0, rather sell faster, to 2, rather disappoint nobody.
    """

    now: datetime
    stock: int | None
    stock_at: datetime | None = None
    told: tuple[Told, ...] = ()
    sales: tuple[Sale, ...] = ()
    waiting: int
    waiting_units: int
    late: int = 0
    looks_seen: bool = True
    history: ShopHistory = field(default_factory=ShopHistory)
    cautious: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What one release showed, in numbers that are worth keeping. `sold`: buyers; `looked`: of
    the `people` who were told, `late` of them when nothing was left. `units`: that it sold.
    """

    people: int
    looked: int
    late: int
    sold: float
    units: int
    looks_seen: bool
    delays: tuple[float, ...]


def lesson_of(ended: AdaptiveState) -> Lesson:
    """What a release shows that is over or has run for days."""
    delays = [0.0] * BINS
    for one in ended.told:
        for delay in one.read:
            delays[bin_of(delay.total_seconds())] += 1
    return Lesson(
        people=sum(one.people for one in ended.told),
        looked=sum(len(one.read) for one in ended.told),
        late=ended.late,
        sold=sum(1 for one in ended.sales if not one.to_stranger),
        units=sum(one.units for one in ended.sales),
        looks_seen=ended.looks_seen,
        delays=tuple(delays),
    )


def learn(history: ShopHistory, ended: AdaptiveState | Lesson) -> ShopHistory:
    """The history with one more release added."""
    one = ended if isinstance(ended, Lesson) else lesson_of(ended)
    if not one.people:
        return history
    early = max(one.looked - one.late, 0)
    delays = [n * KEPT + more for n, more in zip(history.delays, one.delays, strict=True)]
    learned = replace(history, delays=_at_most(delays, _MOST_DELAYS))
    if one.looks_seen:
        looks = _at_most(
            [
                history.looked * KEPT + one.looked,
                history.not_looked * KEPT + max(one.people - one.looked, 0),
            ],
            _MOST,
        )
        buys = _at_most(
            [
                history.bought * KEPT + min(one.sold, early),
                history.only_looked * KEPT + max(early - one.sold, 0),
            ],
            _MOST,
        )
        learned = replace(
            learned, looked=looks[0], not_looked=looks[1], bought=buys[0], only_looked=buys[1]
        )
    if one.units:
        before = history.usual_stock if history.usual_stock is not None else float(one.units)
        learned = replace(learned, usual_stock=before * KEPT + one.units * (1 - KEPT))
    return learned


def _at_most(counts: list[float], most: float) -> tuple[float, ...]:
    """The same proportions, worth no more than `most` people."""
    total = sum(counts)
    scale = min(most / total, 1.0) if total else 1.0
    return tuple(n * scale for n in counts)
