"""Who asked for what in the year before, and when was what sold out? A plan, the same every time.

Pure: from a seed to a list of steps in order. `history.py` lives through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from notifier.demo.shop import Shelf
from notifier.domain.availability import Availability

__all__ = ["SEED", "EndOfDay", "SignUpPlan", "Step", "StockPlan", "plan_year"]

SEED = 2027
PEOPLE = 340
LEAST_OUT, MOST_OUT = 5, 26  # days
MAIL_EVERY = 2  # days; confirmations of that year go out together, to save time
FIRST = (
    "Ada Alma Anton Bela Bruno Carla Cleo Dario Dora Elif Emil Enzo Finn Freya Gita Greta Hana "
    "Hugo Ida Ines Jan Jonas Kira Lea Leo Lina Luca Mara Mila Nils Nora Olek Otto Paula Pia Rafa "
    "Rosa Sami Selma Tom Uma Vera Wim Yara Zoe"
)
LAST = (
    "Abend Bauer Castro Dahl Engel Flores Garcia Holm Ivers Jung Klein Lopez Moreno Nagel Ortiz "
    "Peters Quint Reyes Santos Thorn Ulrich Vega Weiss Young Zander"
)
CITIES = ("212", "312", "415", "617")

# variant → how many ask for it on a day while it is sold out, and how often it sells out
FAVOURITES: Mapping[str, tuple[float, int]] = {
    "KETTLE-12": (0.86, 5),
    "TEAPOT-MOSS": (0.30, 2),
    "TEAPOT-INK": (0.26, 2),
    "TEAPOT-RUST": (0.60, 4),
    "HERON-STEEL": (0.35, 2),
    "HERON-BLACK": (0.22, 2),
    "BOWL-CLOUD": (0.65, 6),
    "BOWL-NIGHT": (0.56, 6),
    "WHISK-80": (0.22, 1),
    "INFUSER-30": (0.30, 2),
    "FLASK-SEA": (0.39, 4),
    "FLASK-SAND": (0.17, 1),
    "COSY-1": (0.17, 2),
}
# what is not in stock today has a line in front of it: days it has been so, people a day
LINES: Mapping[str, tuple[int, float]] = {
    "KETTLE-12": (4, 1.12),
    "TEAPOT-RUST": (9, 1.19),
    "HERON-STEEL": (12, 0.56),
    "CADDY-MOON": (30, 0.63),
    "DARJ-100": (40, 0.49),
    "DARJ-250": (40, 0.21),
    "BOWL-CLOUD": (11, 1.26),
    "BOWL-NIGHT": (11, 0.84),
    "FLASK-SEA": (21, 0.56),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPlan:
    """What a look shows from now on. `announces`: people will be told."""

    shelves: dict[str, Shelf]
    announces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpPlan:
    variant: str
    address: str
    by_sms: bool
    locale: str
    quantity: int
    any_variant: bool
    ip: str


@dataclass(frozen=True, slots=True)
class EndOfDay:
    """Mails go out and most people confirm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    at: datetime
    what: StockPlan | SignUpPlan | EndOfDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    address: str
    by_sms: bool
    locale: str
    ip: str


@dataclass(slots=True, kw_only=True)
class _Planner:
    begin: datetime
    until: datetime
    rng: Random
    crowd: list[Person]
    steps: list[Step] = field(default_factory=list)

    def at(self, day: float) -> datetime:
        return self.begin + timedelta(days=day)

    def put(self, day: float, what: StockPlan | SignUpPlan | EndOfDay) -> None:
        self.steps.append(Step(at=self.at(day), what=what))

    def stock(self, day: float, key: str, units: int) -> None:
        word = Availability.IN_STOCK if units else Availability.OUT_OF_STOCK
        shelf = Shelf(availability=word, quantity=units)
        self.put(day, StockPlan(shelves={key: shelf}, announces=units > 0))

    def crowd_asks(self, key: str, *, first: float, last: float, a_day: float) -> None:
        """Sign-ups between two days, mostly by day, each person at most once in this line."""
        rng = self.rng
        count = max(1, round((last - first) * a_day * rng.uniform(0.75, 1.25)))
        for person in rng.sample(self.crowd, min(count, len(self.crowd))):
            day = rng.uniform(first, last - 0.05)
            hour = min(max(rng.gauss(15.5, 4), 6), 23.6)
            when = min(max(int(day) + hour / 24, first + 0.01), last - 0.02)
            self.put(when, _asks(key, person, rng))


def plan_year(begin: datetime, *, until: datetime, at_last: Mapping[str, Shelf]) -> list[Step]:
    """Every step of the year in order. `at_last`: how the shelves stand at its end."""
    rng = Random(SEED)
    planner = _Planner(begin=begin, until=until, rng=rng, crowd=_crowd(rng))
    full = {
        key: Shelf(availability=Availability.IN_STOCK, quantity=20 + n)
        for n, key in enumerate(at_last)
    }
    planner.put(0, StockPlan(shelves=full))
    for key, (a_day, times) in FAVOURITES.items():
        _sell_out(planner, key, a_day=a_day, times=times)
    days = (until - begin) / timedelta(days=1)
    for key, shelf in at_last.items():
        long, a_day = LINES.get(key, (0, 0.0))
        if not long or shelf.can_be_bought:
            continue
        first = max(days - long, 0.1)
        planner.put(first, StockPlan(shelves={key: shelf}))
        planner.crowd_asks(key, first=first, last=days - 0.1, a_day=a_day)
    for day in range(2, int(days) + 1, MAIL_EVERY):
        planner.put(day - 0.001, EndOfDay())
    inside = [step for step in planner.steps if step.at < until]
    return sorted(inside, key=lambda step: step.at)


def _sell_out(planner: _Planner, key: str, *, a_day: float, times: int) -> None:
    """Some outages over the year, each with its line, its restock and its slow sale."""
    rng = planner.rng
    last_free = 365 - LINES.get(key, (2, 0))[0] - MOST_OUT - 8
    starts = sorted(rng.uniform(8, last_free) for _ in range(times))
    busy_until = 0.0
    for start in starts:
        begin = max(start, busy_until + 4)
        if begin > last_free:
            return
        length = rng.uniform(LEAST_OUT, MOST_OUT)
        planner.stock(begin, key, 0)
        planner.crowd_asks(key, first=begin, last=begin + length, a_day=a_day)
        planner.stock(begin + length, key, rng.choice((6, 8, 12, 20, 24)))
        busy_until = begin + length


def _crowd(rng: Random) -> list[Person]:
    """Made-up people. Some write wrong addresses: their mails bounce."""
    firsts, lasts = FIRST.lower().split(), LAST.lower().split()
    found = []
    for number in range(PEOPLE):
        first, last = rng.choice(firsts), rng.choice(lasts)
        by_sms = number % 7 == 3
        name = "nobody" if number % 43 == 40 else f"{first}.{last}"
        phone = f"+1{CITIES[number % len(CITIES)]}55501{number * 3 % 89 + 11:02}"
        found.append(
            Person(
                address=phone if by_sms else f"{name}.{number}@guests.example",
                by_sms=by_sms,
                locale=rng.choices(("en", "de", "es"), (60, 25, 15))[0],
                ip=f"198.18.{number % 250}.{rng.randint(2, 250)}",
            )
        )
    return found


def _asks(key: str, person: Person, rng: Random) -> SignUpPlan:
    return SignUpPlan(
        variant=key,
        address=person.address,
        by_sms=person.by_sms,
        locale=person.locale,
        quantity=rng.choices((1, 2, 3), (84, 12, 4))[0],
        any_variant=key.startswith("BOWL") and rng.random() < 0.3,
        ip=person.ip,
    )
