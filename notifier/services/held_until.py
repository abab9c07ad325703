"""How does a message say until when its units are kept for its reader?"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.domain.message import Medium
from notifier.i18n import format_moment
from notifier.i18n_figures import format_instant
from notifier.services.env import ShopRef
from notifier.store.outbox import MessageRow

HELD_UNTIL = "held_until"  # among the facts of a message with a reservation


def held_until(message: MessageRow) -> str:
    """As it is kept with the message; empty without a reservation."""
    return str((message.facts or {}).get(HELD_UNTIL, ""))


def held_until_words(shop: ShopRef, message: MessageRow) -> str:
    """The moment in words, short for SMS; empty without a reservation."""
    kept = held_until(message)
    if not kept:
        return ""
    moment, zone = datetime.fromisoformat(kept), shop.config.time_zone
    if message.medium == Medium.SMS:
        return format_instant(moment.astimezone(ZoneInfo(zone)), message.locale)
    return format_moment(moment, zone, message.locale)
