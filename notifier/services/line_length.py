"""Do those in a line together want more than there is, without counting a long line each time?

Counted is only until it is more than there is. Where so much is there that also this takes long,
it is believed for twenty times as long as it took, so that counting costs a sender a twentieth of
its time at most; and where more than PLENTY is there, nobody need hurry and nothing is counted. It
only decides whether a message says that there are fewer pieces than people want.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from notifier.store.line_size import units_up_to
from notifier.store.session import Database, Transaction

PLENTY = 50_000  # units
TOOK_LONG = 0.001  # seconds
BELIEVED_FOR = 20  # times as long as it took


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    units: int
    enough: int
    until: float  # on the monotonic clock


_counted: WeakKeyDictionary[Database, dict[tuple[int, int], _Counted]] = WeakKeyDictionary()


def wants_more(
    db: Database, tx: Transaction, than: int, *, product_id: int, variant_id: int
) -> bool:
    """Whether those who wait for the variant want more than so many units; of a long line, as it
    was a little while ago."""
    if than > PLENTY:
        return False
    lines = _counted.setdefault(db, {})
    key = (product_id, variant_id)
    known = lines.get(key)
    began = time.monotonic()
    if known is not None and than <= known.enough and began < known.until:
        return known.units > than
    units = units_up_to(tx, than, product_id=product_id, variant_id=variant_id)
    took = time.monotonic() - began
    if took < TOOK_LONG:
        lines.pop(key, None)
    else:
        lines[key] = _Counted(units=units, enough=than, until=began + took * BELIEVED_FOR)
    return units > than
