"""Shorthand for histories of Ann's order line in New York, 2026 unless a year is written.

The default line is that of trust 3.4: completed 2026-03-02, nothing promised, so T = 2026-04-01
and T+30 = 2026-05-01.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.order_delay import (
    Cancelled,
    Delivered,
    EstimateChanged,
    Event,
    Kept,
    Line,
    NoShipDecided,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    RefundBlocked,
    RefundSent,
    Shipped,
    Withdrawn,
)

NEW_YORK, BERLIN, LONDON = "America/New_York", "Europe/Berlin", "Europe/London"
FOREVER = None


def day(text: str) -> date:
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def at(text: str, zone: str = NEW_YORK) -> datetime:
    """`04-20` (ten in the morning), `04-20 23:59:59`, by the clock of the place."""
    text = text if text[4:5] == "-" else f"2026-{text}"
    text = text if len(text) > 10 else f"{text} 10:00"
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def us(*events: Event, completed: str = "03-02", **facts: Any) -> Line:
    zone = facts.pop("zone", NEW_YORK)
    completed_at = at(completed, zone)
    facts.setdefault("country", "US")
    return Line(ref="Ann", completed_at=completed_at, zone=zone, events=events, **facts)


def eu(*events: Event, completed: str = "03-02", **facts: Any) -> Line:
    return us(*events, completed=completed, zone=BERLIN, country="DE", **facts)


def uk(*events: Event, completed: str = "03-02", **facts: Any) -> Line:
    return us(*events, completed=completed, zone=LONDON, country="GB", **facts)


def nowhere(*events: Event, **facts: Any) -> Line:
    return us(*events, country="", **facts)


def _until(text: str | None) -> date | None:
    return None if text is None else day(text)


def expects(when: str, ship_by: str | None, *, basis: bool = True) -> EstimateChanged:
    return EstimateChanged(at=at(when), ship_by=_until(ship_by), has_basis=basis)


def notice(kind: NoticeKind, when: str, revised: str | None, **more: Any) -> NoticeOffered:
    asks = tuple(_until(each) for each in more.pop("asks", ()))
    return NoticeOffered(at=at(when), kind=kind, revised=_until(revised), also_asks=asks, **more)


def short(when: str, revised: str | None, **more: Any) -> NoticeOffered:
    return notice(NoticeKind.FIRST_SHORT, when, revised, **more)


def explicit(when: str, revised: str | None, **more: Any) -> NoticeOffered:
    return notice(NoticeKind.FIRST_EXPLICIT, when, revised, **more)


def renewed(when: str, revised: str | None, **more: Any) -> NoticeOffered:
    return notice(NoticeKind.RENEWED, when, revised, **more)


def proposal(when: str, revised: str | None, **more: Any) -> NoticeOffered:
    return notice(NoticeKind.PROPOSAL, when, revised, **more)


def courtesy(when: str, revised: str | None, **more: Any) -> NoticeOffered:
    return notice(NoticeKind.COURTESY, when, revised, **more)


def keeps(when: str, until: str | None) -> Kept:
    return Kept(at=at(when), until=_until(until))


def cancels(when: str) -> Cancelled:
    return Cancelled(at=at(when))


def withdraws(when: str) -> Withdrawn:
    return Withdrawn(at=at(when))


def sets_period(when: str, until: str) -> PeriodSet:
    return PeriodSet(at=at(when), until=day(until))


def declines(when: str) -> NoShipDecided:
    return NoShipDecided(at=at(when))


def ships(when: str) -> Shipped:
    return Shipped(at=at(when))


def arrives(when: str) -> Delivered:
    return Delivered(at=at(when))


def refunds(when: str) -> RefundSent:
    return RefundSent(at=at(when))


def refund_blocked(when: str) -> RefundBlocked:
    return RefundBlocked(at=at(when))
