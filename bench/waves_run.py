"""What becomes of one release in one world, by one strategy?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random

from bench.waves_worlds import World
from notifier.domain.adaptive import Decision, decide
from notifier.domain.adaptive_state import AdaptiveState, Sale, ShopHistory, Told, learn
from notifier.domain.waves import ReleaseState, Strategy, plan_wave

_START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_AT_ONCE = 0.005  # hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`hours` until all was sold, or all told if that came first; `late`: who looked in vain."""

    hours: float
    told: int
    late: int
    sold: int
    waves: int
    longest_wait: float  # hours without telling anybody, while stock was seen and people waited
    done: bool

    @property
    def late_share(self) -> float:
        return self.late / self.told if self.told else 0.0


@dataclass(slots=True, kw_only=True)
class View:
    """What a shop sees at `hour`."""

    counted: bool
    hour: float = 0.0
    stock: int = 0
    stock_at: float = 0.0
    line: list[int] = field(default_factory=list)  # what each asks for
    next: int = 0
    waiting_units: int = 0
    told_at: list[float] = field(default_factory=list)
    told_people: list[int] = field(default_factory=list)
    told_units: list[int] = field(default_factory=list)
    looked: list[list[timedelta]] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    late: int = 0

    @property
    def waiting(self) -> int:
        return len(self.line) - self.next


# how many people, how many units of demand (None: no limit), hours until the next time
Step = tuple[int, int | None, float]
Way = Callable[[View], Step]


def fixed_way(strategy: Strategy) -> Way:
    """One of the strategies that learn nothing."""

    def step(view: View) -> Step:
        state = ReleaseState(quantity=view.stock if view.counted else None, units_told=0, waves=0)
        plan = plan_wave(state, strategy=strategy)
        hours = plan.again_in.total_seconds() / 3600 if plan.again_in else 1.0
        return (view.waiting if plan.people is None else plan.people), plan.units, hours

    return step


def adaptive_way(history: ShopHistory | None = None, *, log: list[Decision] | None = None) -> Way:
    """The adaptive strategy; `log` takes every decision."""
    past = history or ShopHistory()

    def step(view: View) -> Step:
        decision = decide(state_of(view, past))
        if log is not None:
            log.append(decision)
        again = decision.look_again or timedelta(hours=1)
        return decision.people, None, again.total_seconds() / 3600

    return step


def state_of(view: View, history: ShopHistory) -> AdaptiveState:
    """What a strategy may know."""
    waves = zip(view.told_at, view.told_people, view.told_units, view.looked, strict=True)
    return AdaptiveState(
        now=_at(view.hour),
        stock=view.stock if view.counted else None,
        stock_at=_at(view.stock_at),
        told=tuple(
            Told(at=_at(hour), people=people, units=units, looked=tuple(looked))
            for hour, people, units, looked in waves
        ),
        sales=tuple(view.sales),
        waiting=view.waiting,
        waiting_units=view.waiting_units,
        late=view.late,
        history=history,
    )


def _at(hour: float) -> datetime:
    return _START + timedelta(hours=hour)


class _Run:
    """One release from its first wave to its end."""

    def __init__(self, world: World, *, seed: int, way: Way) -> None:
        self.world, self.way = world, way
        self.random = Random(seed)
        self.left = self.seen = world.units
        self.view = View(counted=world.counted, stock=world.units)
        self.view.line = [self._wish() for _ in range(world.waiting)]
        self.view.waiting_units = sum(self.view.line)
        self.events: list[tuple[float, int, str, int, int]] = []
        self.number = self.sold = self.late = self.waves = 0
        self.last_told = self.longest = 0.0
        self.ended: float | None = None
        self.to_come = len(world.restocks)

    def _wish(self) -> int:
        return self.random.randint(1, self.world.quantity) if self.world.quantity > 1 else 1

    def _plan(self, hour: float, what: str, *, of: int = 0, units: int = 0) -> None:
        self.number += 1
        heappush(self.events, (hour, self.number, what, of, units))

    def play(self) -> Outcome:
        world = self.world
        self._plan(0.0, "wave")
        for hour, units in world.restocks:
            self._plan(hour, "restock", units=units)
        if world.seen_every:
            self._plan(world.seen_every, "see")
        if world.strangers:
            self._plan(self.random.expovariate(world.strangers), "stranger")
        while self.events:
            hour, _, what, of, units = heappop(self.events)
            if hour > world.hours:
                break
            self.view.hour = hour
            getattr(self, f"_{what}")(hour, of, units)
        return Outcome(
            hours=world.hours if self.ended is None else self.ended,
            told=self.view.next,
            late=self.late,
            sold=self.sold,
            waves=self.waves,
            longest_wait=self.longest,
            done=self.ended is not None,
        )

    def _restock(self, hour: float, of: int, units: int) -> None:
        self.left += units
        self.to_come -= 1
        if self.view.waiting:
            self.ended = None

    def _see(self, hour: float, of: int, units: int) -> None:
        view = self.view
        fell = self.seen - self.left
        if fell > 0 and not self.world.orders and self.world.counted:
            view.sales.append(Sale(at=_at(hour), units=fell))
        if view.stock == 0 and self.left:
            self.last_told = hour
        self.seen = view.stock = self.left
        view.stock_at = hour
        if self.world.seen_every and what_is_open(self):
            self._plan(hour + self.world.seen_every, "see")

    def _stranger(self, hour: float, of: int, units: int) -> None:
        if self.left:
            self._sell(hour, 1, told=False)
        if what_is_open(self):
            self._plan(hour + self.random.expovariate(self.world.strangers), "stranger")

    def _return(self, hour: float, of: int, units: int) -> None:
        self._restock(hour, of, units)

    def _scan(self, hour: float, of: int, units: int) -> None:
        """A program follows the link: only its first follower is known."""
        self.view.looked[of].append(timedelta(hours=hour - self.view.told_at[of]))

    def _look(self, hour: float, of: int, units: int) -> None:
        view = self.view
        view.looked[of].append(timedelta(hours=hour - view.told_at[of]))
        if not self.left:
            view.late += 1
        self._come(hour, of, units)

    def _come(self, hour: float, of: int, units: int) -> None:
        if not self.left:
            self.late += 1
        elif units:
            self._sell(hour, min(units, self.left), told=True)

    def _sell(self, hour: float, units: int, *, told: bool) -> None:
        self.left -= units
        self.sold += units
        if self.world.orders:
            self.view.sales.append(Sale(at=_at(hour), units=units, told=told))
        if self.world.returned and self.random.random() < self.world.returned:
            self.to_come += 1
            self._plan(hour + self.random.uniform(1, 12), "return", units=units)
        if not self.left and self.ended is None and not self.to_come:
            self.ended = hour

    def _wave(self, hour: float, of: int, _units: int) -> None:
        view = self.view
        if not self.world.seen_every:
            self._see(hour, of, 0)
        if not view.waiting or (self.ended is not None and not self.left):
            return
        if not view.stock:
            self._plan(hour + 1 / 60, "wave")
            return
        people, most, again = self.way(view)
        self._tell(hour, people, most)
        self._plan(hour + again, "wave")

    def _tell(self, hour: float, people: int, most: int | None) -> None:
        view, world = self.view, self.world
        told = units = 0
        while told < people and view.next < len(view.line):
            wish = view.line[view.next]
            if most is not None and told and units + wish > most:
                break
            view.next += 1
            told, units = told + 1, units + wish
            chance, wave = self.random.random(), len(view.told_at)
            is_scanned = bool(world.scanned) and self.random.random() < world.scanned
            if is_scanned:
                self._plan(hour + _AT_ONCE, "scan", of=wave)
            if chance < world.look:
                buys = wish if chance < world.buy_at(view.next) else 0
                at = world.awake_at(hour + world.draw_delay(self.random), self.random)
                self._plan(at, "come" if is_scanned else "look", of=wave, units=buys)
        self.longest = max(self.longest, hour - self.last_told)
        if not told:
            return
        self.last_told = hour
        self.waves += 1
        view.told_at.append(hour)
        view.told_people.append(told)
        view.told_units.append(units)
        view.looked.append([])
        view.waiting_units -= units
        if not view.waiting and self.ended is None:
            self.ended = hour


def what_is_open(run: _Run) -> bool:
    """Whether anything can still happen that depends on stock."""
    return run.ended is None or bool(run.to_come)


def play(world: World, *, seed: int, way: Way) -> Outcome:
    """One release. The same seed gives the same people and the same luck until ways part."""
    return _Run(world, seed=seed, way=way).play()


def history_of(world: World, *, seeds: Iterable[int]) -> ShopHistory:
    """What a shop has learned that had so many releases like this one before."""
    history = ShopHistory()
    for seed in seeds:
        run = _Run(world, seed=seed, way=adaptive_way(history))
        run.play()
        history = learn(history, state_of(run.view, history))
    return history
