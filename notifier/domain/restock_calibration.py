"""How well would the marks of the history have held?

Each outage is held out in turn, and its marks are worked out from what was known on the day it
began: earlier outages, those not over by then censored. Then one looks how it went. An outage
counts only when its mark lies in the past; otherwise the quick ones of the last weeks would count
and the slow ones would not yet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifier.domain.outages import PastOutage
from notifier.domain.restock_history import HALF, MOST, Outage, Pool, estimate

HELD_OUT = 200  # the newest; bounds the work
LOOKED_BACK = 1_000  # outages of the shop before each of them
TOO_FEW = 5  # held-out outages; with fewer the share says nothing
_Z = 1.959964  # two-sided 95 %


class Verdict(StrEnum):
    """What the interval says about the share that was said."""

    TOO_FEW = "too_few"
    HOLDS = "holds"
    TOO_EARLY = "too_early"  # fewer were back than said: do not show it
    TOO_LATE = "too_late"  # more were back than said: the mark is cautious


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Of `outages` held out, `within` ended by the mark that `said` so large a share would.

    `low` and `high`: the 95 % interval of the true share (Wilson).
    """

    said: float
    within: int
    outages: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.within / self.outages if self.outages else None

    @property
    def verdict(self) -> Verdict:
        if self.outages < TOO_FEW:
            return Verdict.TOO_FEW
        if self.high < self.said:
            return Verdict.TOO_EARLY
        return Verdict.TOO_LATE if self.low > self.said else Verdict.HOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How both marks held. `tried` outages were held out; of the rest nothing could be said."""

    tried: int
    half: Held
    most: Held


def wilson(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % interval of a share, (0, 1) without tries.

    E. B. Wilson, Probable Inference, JASA 22 (1927) 209–212.
    """
    if tries == 0:
        return 0.0, 1.0
    share, square = hits / tries, _Z**2
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    spread = math.sqrt(share * (1 - share) / tries + square / (4 * tries**2))
    reach = _Z * spread / (1 + square / tries)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def calibrate(outages: Sequence[PastOutage], *, now: datetime) -> Calibration:
    """Hold out the newest HELD_OUT of these outages of one shop, in any order, one by one."""
    every = sorted(outages, key=lambda one: (one.began, one.variant))
    first = max(0, len(every) - HELD_OUT)
    counts = {HALF: [0, 0], MOST: [0, 0]}
    of_variant: dict[int, list[PastOutage]] = defaultdict(list)
    of_product: dict[int, list[PastOutage]] = defaultdict(list)
    for number, one in enumerate(every):
        if number >= first:
            before = every[max(0, number - LOOKED_BACK) : number]
            pools = _pools(one, of_variant[one.variant], of_product[one.product], before)
            marked = estimate(pools)
            if marked is not None and marked.enough:
                for share, mark in ((HALF, marked.half), (MOST, marked.most)):
                    _count(counts[share], one, mark, now=now)
        of_variant[one.variant].append(one)
        of_product[one.product].append(one)
    return Calibration(
        tried=len(every) - first, half=_held(HALF, counts[HALF]), most=_held(MOST, counts[MOST])
    )


def _pools(
    one: PastOutage,
    of_variant: Sequence[PastOutage],
    of_product: Sequence[PastOutage],
    of_shop: Sequence[PastOutage],
) -> Iterator[tuple[Pool, list[Outage]]]:
    for pool, outages in (
        (Pool.VARIANT, of_variant),
        (Pool.PRODUCT, of_product),
        (Pool.SHOP, of_shop),
    ):
        yield pool, [other.known_at(one.began) for other in outages]


def _count(count: list[int], one: PastOutage, mark: float | None, *, now: datetime) -> None:
    """Add one to those within and to all, if it is known by now how it went."""
    if mark is None or one.began + timedelta(days=mark) > now:
        return
    known = one.known()
    if known.days <= mark and not known.ended:
        return  # given up, or not looked at any more, before its mark
    count[0] += known.ended and known.days <= mark
    count[1] += 1


def _held(said: float, count: list[int]) -> Held:
    within, tries = count
    low, high = wilson(within, tries)
    return Held(said=said, within=within, outages=tries, low=low, high=high)
