"""Does one row that no database takes leave the rest of a look alone?"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from notifier.domain.availability import Availability
from notifier.domain.eta import Eta
from notifier.domain.observation import Observation
from notifier.services.observe import observe
from tests.world import ANN, World

THERE = Availability.IN_STOCK
BAD: dict[str, dict[str, Any]] = {
    "a long id": {"key": "x" * 300},
    "an id with NUL": {"key": "K\x00"},
    "an id with half a character": {"key": "K\ud800"},
    "no id": {"key": ""},
    "a long sku": {"sku": "y" * 300},
    "a long product id": {"product_key": "p" * 300},
    "a title with NUL": {"title": "a\x00b"},
    "a title with half a character": {"title": "a\ud800b"},
    "an option with NUL": {"options": (("size", "x\x00"),)},
    "an alternative with NUL": {"alternatives": ("a\x00",)},
    "an ETA with NUL": {"eta": Eta.on(date(2027, 1, 1), text="soon\x00")},
    "more units than there are": {"quantity": 10**12},
    "a price beyond all reason": {"price": Decimal("1e20")},
    "a price that is no number": {"price": Decimal("NaN")},
    "a currency of four letters": {"currency": "EURO"},
}


@pytest.mark.parametrize("bad", BAD)
def test_a_row_that_cannot_be_kept_whole_takes_no_other_with_it(world: World, bad: str) -> None:
    world.see("SHIRT-S", 0)
    world.waits(ANN)
    world.clock.advance(timedelta(minutes=1))
    rows = [
        Observation(**{"key": "K", "availability": THERE, **BAD[bad]}),
        Observation(key="SHIRT-S", product_key="SHIRT", availability=THERE),
    ]
    report = observe(world.env, world.shop, rows)
    world.run()
    assert len(world.mails(ANN, "back_in_stock")) == 1
    unusable = "key" in BAD[bad]
    assert len(report.problems) == unusable
    assert world.count("variants") == (1 if unusable else 2)
