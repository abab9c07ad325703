"""When was a variant not there, going by what was seen of it?

An outage begins with a look that shows it gone and ends with one that shows it there: in stock, in
a quantity the shop sells. On backorder or pre-order it can be ordered but is not there, so the
outage goes on. A look that knows nothing ends nothing. Discontinued is given up: such an outage has
no end, and what was waited for cannot be told from it. One whose beginning nobody saw is left out,
since its length is not known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.availability import Availability
from notifier.domain.restock_history import Outage
from notifier.domain.stock import Level, Rules, level_of

DAY = timedelta(days=1)
SHORTEST = timedelta(hours=1)  # a shorter absence is a source that counts wrongly


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was believed from `at` on."""

    at: datetime
    availability: Availability
    quantity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOutage:
    """One outage of one variant. `until`: its end, or until when it is known to have lasted."""

    variant: int
    product: int
    began: datetime
    until: datetime
    ended: bool

    def known(self) -> Outage:
        """As it is known now."""
        return Outage(days=(self.until - self.began) / DAY, ended=self.ended)

    def known_at(self, at: datetime) -> Outage:
        """As it was known then, when it had begun already: an end that was to come is not used."""
        if self.until <= at:
            return self.known()
        return Outage(days=(at - self.began) / DAY, ended=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The outages of one variant, oldest first. `out_since` None: it is not out now, or nobody
    knows. `beginning_seen` False: it is out for longer than that."""

    outages: tuple[PastOutage, ...] = ()
    out_since: datetime | None = None
    beginning_seen: bool = True


def read_history(
    seen: Iterable[Seen], *, variant: int, product: int, rules: Rules, until: datetime
) -> History:
    """The outages in what was seen, oldest first. `until`: when the last of it was known to hold.

    `rules` say from which quantity on it counts as there.
    """
    found: list[PastOutage] = []
    there: bool | None = None  # None: not known, or given up
    began: datetime | None = None
    whole = True

    def close(at: datetime, *, ended: bool) -> None:
        if began is not None and whole and at - began >= SHORTEST:
            found.append(
                PastOutage(variant=variant, product=product, began=began, until=at, ended=ended)
            )

    for one in seen:
        if one.availability is Availability.UNKNOWN:
            continue
        if one.availability is Availability.DISCONTINUED:
            close(one.at, ended=False)
            there, began = None, None
        elif level_of(one.availability, one.quantity, rules=rules) is Level.THERE:
            close(one.at, ended=True)
            there, began = True, None
        elif began is None:
            began, whole, there = one.at, there is True, False
    close(until, ended=False)
    return History(outages=tuple(found), out_since=began, beginning_seen=whole)
