"""Which facts about one order line do the delay rules need?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from notifier.domain.order_delay.days import in_range, in_utc
from notifier.domain.order_delay.events import Event, check_dates
from notifier.domain.quiet_hours import known_zone
from notifier.errors import InvalidInput

MOST_DAYS = 3_650  # a promise further off than ten years is a slip


class Exclusion(StrEnum):
    """Why 16 CFR 435 does not cover an order (435.3(a); services are no merchandise)."""

    CASH_ON_DELIVERY = "cash_on_delivery"
    SEEDS_OR_PLANTS = "seeds_or_plants"
    LATER_ISSUE = "later_issue"  # of a serial, after the first shipment
    NEGATIVE_OPTION = "negative_option"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the merchant said about the time, in his words, and its upper bound (trust A4).

    Exactly one of `by` (a day), `days` (calendar) and `business_days` is set. Days count from the
    day after the order. For "3–5 business days": `business_days=5`.
    """

    text: str
    by: date | None = None
    days: int | None = None
    business_days: int | None = None

    def __post_init__(self) -> None:
        given = [count for count in (self.by, self.days, self.business_days) if count is not None]
        if len(given) != 1:
            raise InvalidInput.of(
                "promise", "not_one", "Give one of: a date, calendar days, business days."
            )
        in_range(self.by, field="promise")
        for count in (self.days, self.business_days):
            if count is not None and not 0 <= count <= MOST_DAYS:
                raise InvalidInput.of(
                    "promise", "out_of_range", f"{count} days must be 0 to {MOST_DAYS}."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One order line and all that happened to it. `events` may come in any order.

    `completed_at`: when the merchant had the money (or the authority to charge) and everything
    needed to ship (435.1(c)). `zone`: IANA name of the ship-to place. `country`: ISO 3166 of the
    ship-to place, empty if unknown. `transit_days`: from shipping to delivery, where the law looks
    at delivery. Raises InvalidInput for what cannot be reckoned with.
    """

    completed_at: datetime
    zone: str
    country: str = ""
    ref: str = ""
    promise: Promise | None = None
    transit_days: int = 0
    seller_credit_application: bool = False  # the buyer applied to the seller for credit: 50 days
    seller_is_creditor: bool = False  # bought on the seller's own account: refund by billing cycle
    billing_cycle_days: int = 28  # unless told: the shortest month, so that no date is too late
    date_is_essential: bool = False  # EU, UK: agreed or evident that a later delivery is useless
    excluded: Exclusion | None = None
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "completed_at", in_utc(self.completed_at, field="completed_at"))
        if not known_zone(self.zone):
            raise InvalidInput.of(
                "zone",
                "unknown_zone",
                f"{self.zone!r} is no time zone such as America/New_York. "
                "Where the ship-to place is unknown, give the shop's zone.",
            )
        for field, count, allowed in (
            ("transit_days", self.transit_days, range(366)),
            ("billing_cycle_days", self.billing_cycle_days, range(1, 93)),
        ):
            if count not in allowed:
                raise InvalidInput.of(
                    field, "out_of_range", f"{count} days must be {allowed[0]} to {allowed[-1]}."
                )
        for event in self.events:
            check_dates(event)
