"""Of which rows may a print be kept?

Of one that was read without a warning, is there once, can be stored, and whose meaning does not
change while time passes. The last piece of a file is read every time: what follows the others
decides how they end.
"""

from __future__ import annotations

from collections.abc import Sequence

from notifier.connectors.reading.columns import Field
from notifier.connectors.reading.new_prints import NewPrints
from notifier.connectors.reading.prints import print_of_key
from notifier.connectors.reading.records import Record
from notifier.domain.observation import Observation
from notifier.domain.storable import is_storable_key

_TIMED = frozenset((Field.SALE_PERIOD, Field.SALE_STARTS, Field.SALE_ENDS))


class Marks:
    """What is learned of each piece while its row is read.

    `places` are those of the pieces that are read, in the whole feed; empty when all are.
    """

    def __init__(self, prints: NewPrints, *, places: Sequence[int] = ()) -> None:
        self._prints = prints
        self._places = places
        self._repeated: set[int] = set()
        self._mine: set[int] = set()  # ids of the rows that are read, when not all are

    def read(self, record: Record, one: Observation, *, is_first: bool) -> None:
        """A row was read."""
        key = print_of_key(one.key)
        if not is_first:
            self._repeated.add(key)
        if self._places:
            self._mine.add(key)
        is_plain = not one.warnings and not (_TIMED & record.values.keys())
        if is_plain and is_storable_key(one.key):
            self._keep(record.number, key)

    def refused(self, key: str) -> None:
        """A row was refused; its id may be known."""
        if key and self._places:
            self._mine.add(print_of_key(key))

    def finish(self, *, rows: int) -> NewPrints | None:
        """The prints of the whole feed, of which so many rows were read.

        None when those were not just the pieces, or an id is also that of a row not read.
        """
        keys = self._prints.keys
        if rows != (len(self._places) or len(keys)):
            return None
        read, mine = set(self._places), self._mine
        if mine and any(key in mine and place not in read for place, key in enumerate(keys)):
            return None
        if rows:
            keys[len(keys) - 1] = 0
        self._prints.finish(not_these=self._repeated)
        return self._prints

    def _keep(self, number: int, key: int) -> None:
        keys = self._prints.keys
        place = number - 1
        if self._places:
            place = self._places[place] if place < len(self._places) else len(keys)
        if place < len(keys) and self._prints.pieces[place]:
            keys[place] = key
