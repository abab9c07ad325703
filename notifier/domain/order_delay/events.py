"""What can happen to an order line, as far as the delay rules care?

An event has the instant at which it took effect, in UTC: when the cancellation was received, when
the carrier took the goods, when the notice was handed over. When we learned of it does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from notifier.domain.order_delay.days import Until, in_range, in_utc


class NoticeKind(StrEnum):
    """What a notice says silence means, and to which delay it belongs."""

    FIRST_SHORT = "first_short"  # first delay; silence is consent until the new date
    FIRST_EXPLICIT = "first_explicit"  # first delay; silence cancels
    RENEWED = "renewed"  # any further delay; silence cancels when the old date ends
    PROPOSAL = "proposal"  # EU and UK: a new date to agree to; silence changes nothing
    COURTESY = "courtesy"  # news only; moves no deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """The instant of any event, kept in UTC and to the second.

    Shops write shipments in whole seconds. A cancellation of the same second with its fraction
    would seem to come later, and which was first could not be told from that (case F18).
    """

    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", in_utc(self.at, field="at").replace(microsecond=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateChanged(Happening):
    """The merchant now expects to ship on `ship_by`; None: no date is known.

    `has_basis`: somebody or something stands behind the date (supplier, purchase order, feed). A
    date without one is no better than none (435.2(a)(2), trust OD-5).
    """

    ship_by: Until
    has_basis: bool = True

    @property
    def usable(self) -> Until:
        """The date that may be acted on and told."""
        return self.ship_by if self.has_basis else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeOffered(Happening):
    """A notice was handed over. `revised`: the date in it; None: "we cannot say when".

    `also_asks`: further, unanticipated delays for which it asks express consent (435.2(b)(1)(iv));
    None among them means an indefinite one. `adequate`: it held every clause that `plan_notice`
    named. `delivered`: no channel has reported it undeliverable; an answer through its link
    proves that it arrived.
    """

    kind: NoticeKind
    revised: Until
    also_asks: tuple[Until, ...] = ()
    adequate: bool = True
    delivered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Happening):
    """The customer agreed to wait until the end of that day; None: for as long as it takes."""

    until: Until


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Happening):
    """A cancellation by the customer was received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Happening):
    """A withdrawal from the contract was received (EU, UK). In the USA it is a cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodSet(Happening):
    """The customer set an additional period that ends with the day `until` (EU, UK)."""

    until: Until


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShipDecided(Happening):
    """The merchant will not ship this line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped(Happening):
    """The goods came into the possession of the carrier (435.1(e))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Happening):
    """The goods came into the possession of the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundBlocked(Happening):
    """The merchant found that the money cannot go back the way it came (435.1(b)(1))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSent(Happening):
    """The whole refund of this line was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Happening):
    """A person found out what came first when cancellation and shipment bear the same instant."""

    shipped_first: bool


Event: TypeAlias = (
    EstimateChanged
    | NoticeOffered
    | Kept
    | Cancelled
    | Withdrawn
    | PeriodSet
    | NoShipDecided
    | Shipped
    | Delivered
    | RefundBlocked
    | RefundSent
    | Reviewed
)

# Which of two events of the same instant counts first. What ends the order stands before what
# fulfils it; that cancellation and shipment bear the same instant is noticed on the way.
_RANK: dict[type[Event], int] = {
    kind: rank
    for rank, kind in enumerate(
        (
            EstimateChanged,
            NoticeOffered,
            Kept,
            PeriodSet,
            Cancelled,
            Withdrawn,
            NoShipDecided,
            Shipped,
            Delivered,
            Reviewed,
            RefundBlocked,
            RefundSent,
        )
    )
}


def in_order(events: tuple[Event, ...]) -> list[Event]:
    """The events as they happened. The order of the tuple makes no difference."""
    return sorted(events, key=_place)


def date_in(event: Event) -> Until:
    """The day that an event names, None if it names none."""
    match event:
        case EstimateChanged():
            return event.ship_by
        case NoticeOffered():
            return event.revised
        case Kept() | PeriodSet():
            return event.until
        case _:
            return None


def check_dates(event: Event) -> None:
    """Raises InvalidInput when an event names a day outside 2000 to 2100."""
    in_range(date_in(event), field="events")
    if isinstance(event, NoticeOffered):
        for until in event.also_asks:
            in_range(until, field="events")


def _place(event: Event) -> tuple[datetime, int, int, str]:
    """By time, kind and date. The text decides between equals, so that nothing depends on luck."""
    day = date_in(event)
    return event.at, _RANK[type(event)], day.toordinal() if day else 10**7, repr(event)
