"""What does the shop's merchandiser read: what is wanted, what came of telling, what to order?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from notifier.services.env import Env, ShopRef
from notifier.services.shop_history import history_of
from notifier.store import demand, demand_counts, release_results
from notifier.store.demand_counts import SORTS, Named, Tally
from notifier.store.release_results import Bought, ReleaseRow
from notifier.store.session import Transaction

__all__ = [
    "SORTS",
    "Outcome",
    "Outcomes",
    "Suggested",
    "Wanted",
    "WantedPage",
    "read_outcomes",
    "read_wanted",
    "sign_ups_by_day",
]

NINE_IN_TEN = 1.645  # standard deviations to either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """How many to order: those who wait, by the share that bought before, never fewer than one.

    `share`: the share of those told who bought, in this shop (or the cautious guess without any
    history); `low`, `high`: where it lies with nine chances in ten.
    """

    units: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    tally: Tally
    named: Named
    suggested: Suggested


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """`at`: as of when it was counted. `last`: value and place of the last row, None at the end."""

    rows: Sequence[Wanted]
    at: datetime
    last: tuple[Any, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one release. Shares are of those told; `None` where nobody was told. Money is
    units times the price we know, in the variant's currency."""

    release: ReleaseRow
    clicked: int
    bought: Bought
    first_after: timedelta | None
    last_after: timedelta | None

    @property
    def clicked_share(self) -> float | None:
        return self.clicked / self.release.told if self.release.told else None

    @property
    def bought_share(self) -> float | None:
        orders = self.bought.clicked_orders + self.bought.other_orders
        return orders / self.release.told if self.release.told else None

    def money(self, units: int) -> Decimal | None:
        return self.release.price * units if self.release.price is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The latest releases and their medians: half did better, half worse."""

    rows: Sequence[Outcome]
    clicked_share: float | None
    bought_share: float | None
    first_after: timedelta | None
    last_after: timedelta | None


_NOTHING = Bought(clicked_orders=0, clicked_units=0, other_orders=0, other_units=0)


def read_wanted(
    env: Env,
    shop: ShopRef,
    *,
    sort: str = "people",
    after: tuple[Any, int] | None = None,
    limit: int = 50,
) -> WantedPage:
    """A page of what is waited for, in an order of SORTS."""
    now = env.now()
    with env.db.read() as tx:
        last = demand_counts.latest_count(tx, shop.id)
        if last is not None and demand_counts.is_large(tx, shop.id):
            rows = demand_counts.kept(tx, last.id, sort=sort, after=after, limit=limit + 1)
            at = last.at
        else:
            counted = list(demand_counts.tally(tx, shop.id, now=now))
            rows = _part(counted, sort=sort, after=after)[: limit + 1]
            at = now
        shown = rows[:limit]
        names = demand_counts.name_all(tx, shown)
        share = _share(tx, shop)
    return WantedPage(
        rows=[
            Wanted(tally=one, named=names[one.target], suggested=_suggest(one, share))
            for one in shown
        ],
        at=at,
        last=(getattr(shown[-1], sort), shown[-1].place) if len(rows) > limit else None,
    )


def sign_ups_by_day(env: Env, shop: ShopRef, *, days: int) -> list[tuple[date, int]]:
    """Confirmed sign-ups for each of the last days (UTC), today last; days without any are 0.

    At most a year; of a large shop as of the last counting.
    """
    today = env.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    with env.db.read() as tx:
        last = demand_counts.latest_count(tx, shop.id)
        if last is not None and demand_counts.is_large(tx, shop.id):
            counted = {date.fromisoformat(day): new for day, new in last.new_by_day.items()}
        else:
            counted = demand.new_by_day(tx, shop.id, since=datetime.combine(first, time(), UTC))
    every = (first + timedelta(days=number) for number in range(days))
    return [(day, counted.get(day, 0)) for day in every]


def read_outcomes(env: Env, shop: ShopRef, *, days: int = 90, limit: int = 50) -> Outcomes:
    """What came of the restocks released within these days."""
    since = env.now() - timedelta(days=days)
    with env.db.read() as tx:
        rows = release_results.latest_releases(tx, shop.id, since=since, limit=limit)
        ids = [row.id for row in rows]
        clicked = release_results.clicked_of(tx, ids) if ids else {}
        bought = release_results.bought_of(tx, ids) if ids else {}
        span = release_results.waves_span(tx, ids) if ids else {}
    found = [
        Outcome(
            release=row,
            clicked=clicked.get(row.id, 0),
            bought=bought.get(row.id, _NOTHING),
            first_after=span[row.id][0] - row.seen_at if row.id in span else None,
            last_after=span[row.id][1] - row.seen_at if row.id in span else None,
        )
        for row in rows
    ]
    return Outcomes(
        rows=found,
        clicked_share=_median([one.clicked_share for one in found]),
        bought_share=_median([one.bought_share for one in found]),
        first_after=_median_time([one.first_after for one in found]),
        last_after=_median_time([one.last_after for one in found]),
    )


def _part(rows: list[Tally], *, sort: str, after: tuple[Any, int] | None) -> list[Tally]:
    known = [row for row in rows if getattr(row, sort) is not None]
    if sort == "waiting_since":
        known.sort(key=lambda row: (row.waiting_since, row.place))
        return [r for r in known if after is None or (r.waiting_since, r.place) > after]
    known.sort(key=lambda row: (-getattr(row, sort), row.place))
    if after is None:
        return known
    return [r for r in known if (-getattr(r, sort), r.place) > (-after[0], after[1])]


def _share(tx: Transaction, shop: ShopRef) -> tuple[float, float, float]:
    """The share of those told who look and buy, with the interval of nine chances in ten.

    Both shares are known as Beta distributions (services/shop_history); their product's spread
    follows from their second moments.
    """
    known = history_of(tx, shop, variant_id=0, besides=0)
    mean, square = 1.0, 1.0
    for yes, no in ((known.looked, known.not_looked), (known.bought, known.only_looked)):
        mean *= yes / (yes + no)
        square *= yes * (yes + 1) / ((yes + no) * (yes + no + 1))
    spread = NINE_IN_TEN * math.sqrt(max(square - mean**2, 0.0))
    return mean, max(mean - spread, 0.0), min(mean + spread, 1.0)


def _suggest(one: Tally, share: tuple[float, float, float]) -> Suggested:
    mean, low, high = share
    units = max(math.ceil(one.units * mean), 1) if one.units else 0
    return Suggested(units=units, share=mean, low=low, high=high)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _median_time(values: Sequence[timedelta | None]) -> timedelta | None:
    seconds = _median([value.total_seconds() if value is not None else None for value in values])
    return timedelta(seconds=seconds) if seconds is not None else None
