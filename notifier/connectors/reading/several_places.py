"""What can be sold of a variant that has one row for each place where it lies?

What is sold is the sum over the places (Shopify's inventory export, Magento's source items, the
list of a warehouse). One place that has some is enough; a place that cannot be read leaves open
whether the others, which have none, are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.quantity import MAX_UNITS
from notifier.errors import LookFailed

MOST_HELD = 500_000  # variants; they are kept until the last row is read

_RANK = (
    Availability.IN_STOCK,
    Availability.UNKNOWN,
    Availability.BACKORDER,
    Availability.PREORDER,
    Availability.OUT_OF_STOCK,
    Availability.DISCONTINUED,
)


class SeveralPlaces:
    """Rows that name a place, until all places of each variant are known."""

    def __init__(self) -> None:
        self._held: dict[str, Observation] = {}
        self._places: dict[str, list[str]] = {}

    def add(self, one: Observation, *, place: str) -> None:
        """One row. A place that comes twice is believed the first time."""
        held = self._held.get(one.key)
        if held is None:
            if len(self._held) >= MOST_HELD:
                raise LookFailed(
                    "too_many_places",
                    f"The feed has more than {MOST_HELD:,} variants by place. Have the sum of "
                    "all places exported, one row for each variant.",
                )
            self._held[one.key] = one
            self._places[one.key] = [place]
            return
        places = self._places[one.key]
        if place not in places:
            places.append(place)
            self._held[one.key] = _together(held, one)

    def merged(self) -> Iterator[Observation]:
        """One observation for each variant, in the order of their first rows."""
        yield from self._held.values()


def _together(first: Observation, second: Observation) -> Observation:
    states = (first.availability, second.availability)
    availability = next(state for state in _RANK if state in states)
    counts = [
        one.quantity
        for one in (first, second)
        if one.quantity is not None or one.availability is Availability.IN_STOCK
    ]
    known = [count for count in counts if count is not None]
    whole = availability is not Availability.UNKNOWN and 0 < len(known) == len(counts)
    return replace(
        second if first.availability is Availability.UNKNOWN else first,
        availability=availability,
        quantity=min(sum(known), MAX_UNITS) if whole else None,
        eta=first.eta or second.eta,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
    )
