"""How is what happened to an order line written down, and read again?

One stored kind for each event of the delay rules, plus those the rules do not look at: the
quantity or the goods were changed, a notice came back. `as_event` gives the rules theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from notifier.domain.order_delay import (
    Cancelled,
    Delivered,
    EstimateChanged,
    Event,
    Kept,
    NoShipDecided,
    NoticeKind,
    NoticeOffered,
    PeriodSet,
    RefundBlocked,
    RefundSent,
    Reviewed,
    Shipped,
    Withdrawn,
)


class Happened(StrEnum):
    """The stored kinds."""

    ESTIMATE = "estimate"  # {ship_by, has_basis, text, source, evidence}
    NOTICE = "notice"  # {kind, revised, also_asks, adequate, message}
    RETURNED = "returned"  # {message}: that notice did not arrive after all
    KEPT = "kept"  # {until}
    PERIOD = "period"  # {until}
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    NO_SHIP = "no_ship"
    SHIPPED = "shipped"  # {shipment, carrier, tracking}
    DELIVERED = "delivered"
    REFUND_BLOCKED = "refund_blocked"
    REFUND_SENT = "refund_sent"  # {reference, amount}
    REVIEWED = "reviewed"  # {shipped_first}
    TOLD = "told"  # a message that is no offer: {kind, message}
    CHANGED = "changed"  # {quantity, was} or {variant, was}
    ALARM = "alarm"  # {why}: a person was called
    HOOK = "hook"  # {hook}: the shop's software was told


_PLAIN: Mapping[Happened, Callable[..., Event]] = {
    Happened.CANCELLED: Cancelled,
    Happened.WITHDRAWN: Withdrawn,
    Happened.NO_SHIP: NoShipDecided,
    Happened.SHIPPED: Shipped,
    Happened.DELIVERED: Delivered,
    Happened.REFUND_BLOCKED: RefundBlocked,
    Happened.REFUND_SENT: RefundSent,
}


def as_event(kind: str, *, at: datetime, facts: Mapping[str, Any]) -> Event | None:
    """The event of the delay rules; None for what the rules do not look at."""
    match Happened(kind):
        case Happened.ESTIMATE:
            return EstimateChanged(
                at=at, ship_by=_day(facts.get("ship_by")), has_basis=bool(facts.get("has_basis"))
            )
        case Happened.NOTICE:
            return NoticeOffered(
                at=at,
                kind=NoticeKind(facts["kind"]),
                revised=_day(facts.get("revised")),
                also_asks=tuple(_day(one) for one in facts.get("also_asks", ())),
                adequate=bool(facts.get("adequate", True)),
            )
        case Happened.KEPT:
            return Kept(at=at, until=_day(facts.get("until")))
        case Happened.PERIOD:
            return PeriodSet(at=at, until=_day(facts.get("until")))
        case Happened.REVIEWED:
            return Reviewed(at=at, shipped_first=bool(facts["shipped_first"]))
        case plain if plain in _PLAIN:
            return _PLAIN[plain](at=at)
        case _:
            return None


def as_events(rows: Iterable[Any]) -> tuple[Event, ...]:
    """The events of the delay rules among stored ones (each with `kind`, `at`, `facts`), given in
    the order in which they were recorded.

    A notice that came back counts as not delivered, whenever that was reported. Of two dates given
    in the same second the one recorded last counts.
    """
    kept = list(rows)
    lost = came_back(kept)
    dates = {_second(row): row for row in kept if row.kind == Happened.ESTIMATE}
    found = []
    for row in kept:
        if row.kind == Happened.ESTIMATE and dates[_second(row)] is not row:
            continue
        event = as_event(row.kind, at=row.at, facts=row.facts)
        if isinstance(event, NoticeOffered) and row.facts.get("message") in lost:
            event = replace(event, delivered=False)
        if event is not None:
            found.append(event)
    return tuple(found)


def came_back(rows: Iterable[Any]) -> frozenset[int]:
    """The messages that did not arrive, as far as is known: what a provider said last counts, and
    who has agreed on the page to the date of a notice had it, whatever bounces afterwards."""
    lost: set[int] = set()
    offers: dict[int, Mapping[str, Any]] = {}
    proved: set[int] = set()
    for row in rows:
        message = row.facts.get("message")
        if row.kind == Happened.KEPT and row.facts.get("via") == "page":
            proved |= {
                id_
                for id_, offer in offers.items()
                if id_ not in lost and _asks(offer, row.facts.get("until"))
            }
        elif message is None:
            continue
        elif row.kind == Happened.RETURNED:
            lost |= {message} - proved
        elif row.kind in (Happened.NOTICE, Happened.TOLD):
            lost.discard(message)
            if row.kind == Happened.NOTICE:
                offers[message] = row.facts
    return frozenset(lost)


def _asks(offer: Mapping[str, Any], until: str | None) -> bool:
    return until in (offer.get("revised"), *offer.get("also_asks", ()))


def _second(row: Any) -> datetime:
    at: datetime = row.at
    return at.replace(microsecond=0)


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
