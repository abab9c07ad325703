"""How many pieces do those in a line want together, without counting a long line for every batch?

A short line is counted each time. Counting a million rows takes a good part of a second, so what
took long is believed for twenty times as long as it took: counting costs a sender a twentieth of
its time at most, whatever the length of the line. It only decides whether a message says that
there are fewer pieces than people.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from notifier.store import people
from notifier.store.session import Database, Transaction

TOOK_LONG = 0.005  # seconds
BELIEVED_FOR = 20  # times as long as it took


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    units: int
    until: float  # on the monotonic clock


_counted: WeakKeyDictionary[Database, dict[tuple[int, int], _Counted]] = WeakKeyDictionary()


def units_wanted(db: Database, tx: Transaction, *, product_id: int, variant_id: int) -> int:
    """How many pieces those who wait for the variant want; of a long line, a little while ago."""
    lines = _counted.setdefault(db, {})
    key = (product_id, variant_id)
    known = lines.get(key)
    began = time.monotonic()
    if known is not None and began < known.until:
        return known.units
    _, units = people.count_line(tx, product_id=product_id, variant_id=variant_id)
    took = time.monotonic() - began
    if took < TOOK_LONG:
        lines.pop(key, None)
    else:
        lines[key] = _Counted(units=units, until=began + took * BELIEVED_FOR)
    return units
