"""Is a new expected date news to this person?

When it moved by at least what that person chose, or else the shop, and the last notice is long
enough ago.
"""

from __future__ import annotations

from datetime import date, datetime

from notifier.domain.subscription import EtaNews
from notifier.services.env import ShopRef
from notifier.store.people import InLine

ONLY_PHYSICAL = "only_physical"
"""Among an event's facts: told only to who wants nothing but goods that are there."""


def wants_eta(shop: ShopRef, one: InLine, *, eta: str, now: datetime) -> bool:
    """Whether `eta` (ISO: day, month or range) is worth a message to somebody in line."""
    if not eta:
        return False
    if one.eta_told_at is not None and now - one.eta_told_at < shop.config.eta_notice_every:
        return False
    new = last_day(eta)
    if new is None or new < now.date():
        return False
    return differs(shop, told=one.eta_told, eta=eta, chosen=one.eta_days)


def differs(shop: ShopRef, *, told: str, eta: str, chosen: int | None) -> bool:
    """Whether a date is so far from the one that was told as the person chose (None: as the shop
    did); from none it is, except for who wants none."""
    if chosen == EtaNews.NEVER:
        return False
    before, after = last_day(told), last_day(eta)
    if before is None or after is None:
        return before is not after
    least = shop.config.eta_notice_days if chosen is None else chosen
    return abs((after - before).days) >= max(least, 1)


def last_day(iso: str) -> date | None:
    """The last day an ISO date, month or range names; None for empty text."""
    if not iso:
        return None
    last = iso.rpartition("/")[2]
    if len(last) == 7:
        year, month = int(last[:4]), int(last[5:])
        return date.fromordinal(date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)
    return date.fromisoformat(last)
