"""What do customers wait for most, and how has that grown?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from notifier.services.env import Env, ShopRef
from notifier.store import demand
from notifier.store.demand import Place, Wanted

__all__ = ["Day", "Demand", "Place", "Wanted", "read_demand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many confirmed sign-ups were made on one day (UTC)."""

    day: date
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    wanted: Sequence[Wanted]
    series: Sequence[Day]


def read_demand(
    env: Env,
    shop: ShopRef,
    *,
    product: str = "",
    variant: str = "",
    after: Place | None = None,
    limit: int = 50,
    days: int = 0,
) -> Demand:
    """A page of the most wanted; with `days` also a value for each of the last days, today last."""
    now = env.now()
    with env.db.read() as tx:
        wanted = demand.most_wanted(
            tx, shop.id, now=now, product=product, variant=variant, after=after, limit=limit
        )
        today = now.astimezone(UTC).date()
        first = today - timedelta(days=days - 1)
        counted = (
            demand.new_by_day(
                tx,
                shop.id,
                since=datetime.combine(first, time(), UTC),
                product=product,
                variant=variant,
            )
            if days
            else {}
        )
    every = (first + timedelta(days=number) for number in range(days))
    return Demand(wanted=wanted, series=[Day(day=day, new=counted.get(day, 0)) for day in every])
