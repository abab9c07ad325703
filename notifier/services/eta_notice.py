"""Is a new expected date news to this person?

When it moved by at least what the shop chose, and the last notice is long enough ago.
"""

from __future__ import annotations

from datetime import date, datetime

from notifier.services.env import ShopRef
from notifier.store.people import InLine


def wants_eta(shop: ShopRef, one: InLine, *, eta: str, now: datetime) -> bool:
    """Whether `eta` (ISO: day, month or range) is worth a message to somebody in line."""
    if not eta:
        return False
    if one.eta_told_at is not None and now - one.eta_told_at < shop.config.eta_notice_every:
        return False
    told, new = last_day(one.eta_told), last_day(eta)
    if new is None or new < now.date():
        return False
    if told is None:
        return True
    return abs((new - told).days) >= max(shop.config.eta_notice_days, 1)


def last_day(iso: str) -> date | None:
    """The last day an ISO date, month or range names; None for empty text."""
    if not iso:
        return None
    last = iso.rpartition("/")[2]
    if len(last) == 7:
        year, month = int(last[:4]), int(last[5:])
        return date.fromordinal(date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)
    return date.fromisoformat(last)
