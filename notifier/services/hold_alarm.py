"""By which code and name is the alarm about a hold found again: to clear it, to read why?"""

from __future__ import annotations

from notifier.services.env import ShopRef

TRIPPED = "breaker.tripped"


def about_hold(shop: ShopRef, hold_id: int, *, source: str) -> str:
    """What the alarm is about."""
    return f"{shop.slug}/{source}/{hold_id}"
