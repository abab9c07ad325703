"""What has happened to something bought, told to the one who bought it?

What the customer was told and said, and what happened to the goods and the money; not what the
shop merely thought or what machines told each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.order_delay import Why
from notifier.domain.order_history import Happened
from notifier.i18n import format_date
from notifier.services.show_order import Shown
from notifier.web.pages import fill

_PLAIN = frozenset(
    {
        Happened.RETURNED,
        Happened.CANCELLED,
        Happened.WITHDRAWN,
        Happened.NO_SHIP,
        Happened.SHIPPED,
        Happened.DELIVERED,
        Happened.REFUND_SENT,
        Happened.REFUND_BLOCKED,
        Happened.REVIEWED,
    }
)
_LAPSED = frozenset(
    {
        Why.NO_OPTION_OFFERED,
        Why.LONG_OPTION_LAPSED,
        Why.NO_RENEWED_OPTION_OFFERED,
        Why.RENEWED_OPTION_LAPSED,
    }
)
_MISSED = frozenset({Why.DELIVERY_MISSED, Why.ESSENTIAL_DATE_MISSED, Why.PERIOD_MISSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `iso` for machines, `when` in words, both at the ship-to place."""

    iso: str
    when: str
    text: str


def timeline(shown: Shown, words: Mapping[str, str], *, locale: str) -> tuple[Entry, ...]:
    """Oldest first."""
    order = shown.case.order
    happened = [(order.completed_at, 0, words["at_ordered"])]
    for event in shown.case.events:
        text = _text(event.kind, event.facts, words, locale=locale)
        if text:
            happened.append((event.at, event.id, text))
    for reason in shown.standing.reasons:
        if reason.why in _LAPSED | _MISSED:
            key = "at_lapsed" if reason.why in _LAPSED else "at_missed"
            happened.append((reason.at, 0, words[key]))
    zone = ZoneInfo(order.zone)
    return tuple(
        _entry(at.astimezone(zone), text, locale=locale)
        for at, _, text in sorted(happened, key=lambda one: one[:2])
        if at <= shown.now
    )


def _entry(there: datetime, text: str, *, locale: str) -> Entry:
    when = f"{format_date(there.date(), locale)}, {there:%H:%M}"
    return Entry(iso=there.isoformat(timespec="minutes"), when=when, text=text)


def last_moment(shown: Shown, kind: Happened) -> datetime | None:
    """When something of this kind took effect last."""
    event = shown.case.latest(kind)
    return event.at if event else None


def _text(kind: str, facts: Mapping[str, Any], words: Mapping[str, str], *, locale: str) -> str:
    match Happened(kind):
        case Happened.NOTICE:
            here = "_here" if facts.get("via") == "page" else ""
            return _dated(words, f"at_notice{here}", facts.get("revised"), locale=locale)
        case Happened.TOLD:
            return words.get(f"at_{facts.get('kind')}", words["at_told"])
        case Happened.KEPT:
            return _dated(words, "at_kept", facts.get("until"), locale=locale)
        case Happened.PERIOD:
            return _dated(words, "at_period", facts.get("until"), locale=locale)
        case Happened.CHANGED:
            return _change(facts, words)
        case plain if plain in _PLAIN:
            return words[f"at_{plain.value}"]
        case _:
            return ""


def _dated(words: Mapping[str, str], key: str, iso: str | None, *, locale: str) -> str:
    if not iso:
        return words.get(f"{key}_open", words[key])
    return fill(words[key], day=format_date(date.fromisoformat(iso), locale))


def _change(facts: Mapping[str, Any], words: Mapping[str, str]) -> str:
    if "quantity" in facts:
        return fill(words["at_quantity"], was=facts.get("was", ""), count=facts["quantity"])
    title = facts.get("title") or facts.get("variant", "")
    return fill(words["at_swap"], title=title, was=facts.get("was", ""))
