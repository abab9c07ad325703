"""What does a shop say about an order that waits, and can it be reckoned with?

From the API and from a file alike: values as they came go in, an order whose every value is known
to be sound comes out (services/order_value says what one value means). What is wrong is named by
its place (`lines.0.promise`), all of it at once. A value that was not said is None and says nothing
about what is known already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from notifier.domain.dates import read_eta
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.order_delay import Exclusion, Promise, end_of
from notifier.domain.ship_zone import ship_zone
from notifier.errors import FieldProblem, InvalidInput
from notifier.services.order_case import LONGEST_REASON
from notifier.services.order_value import (
    LONGEST_TITLE,
    read_country,
    read_days,
    read_given_promise,
    read_past,
    read_price,
    read_ref,
    read_units,
    read_word,
    read_zone,
)

T = TypeVar("T")

LONGEST_SOURCE = 64
LONGEST_EVIDENCE = 4_000
MOST_LINES = 500
SOLD_AS = ("backorder", "preorder")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSaid:
    """One line as it came. `promise`: words, or {by | days | business_days, text}."""

    ref: str
    variant: str = ""
    sku: str = ""
    title: str = ""
    quantity: object = None
    price: object = None
    currency: str = ""
    sold_as: str | None = None
    promise: str | Mapping[str, Any] | None = None
    transit_days: int | None = None
    essential_date: bool | None = None
    excluded: str | None = None
    eta: EtaSaid | None = None
    incentive: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaSaid:
    """When one line is expected to ship, as it came. `date` None: nobody knows."""

    date: str | None
    source: str = ""
    evidence: str = ""
    reason: str = ""  # why it is late, for the customer


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSaid:
    """An order as it came."""

    ref: str
    completed_at: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    country: str | None = None
    zone: str | None = None
    credit_application: bool | None = None
    seller_is_creditor: bool | None = None
    billing_cycle_days: int | None = None
    lines: Sequence[LineSaid] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEta:
    """`eta` None: nobody can say when."""

    eta: Eta | None
    source: str
    evidence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenLine:
    ref: str
    variant: str
    sku: str
    title: str
    quantity: int
    price: Decimal | None
    currency: str
    sold_as: str | None
    promise: Promise | None
    transit_days: int | None
    essential_date: bool | None
    excluded: str | None
    eta: GivenEta | None
    incentive: dict[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """`zone` is where days are counted; `zone_said`: the shop named it itself."""

    ref: str
    completed_at: datetime
    email: str | None
    phone: str | None
    locale: str | None
    country: str | None
    zone: str
    zone_said: bool
    credit_application: bool | None
    seller_is_creditor: bool | None
    billing_cycle_days: int | None
    lines: tuple[GivenLine, ...]


def read_order(
    said: OrderSaid, *, shop_zone: str, currency: str, now: datetime, bare_times: str | None = None
) -> GivenOrder:
    """The order as it is meant. `bare_times`: the zone of times that name none; None: refuse them.

    Raises errors.InvalidInput with every problem.
    """
    reader = _Reader()
    ref = reader.take(lambda: read_ref(said.ref)) or ""
    at = reader.take(
        lambda: read_past(said.completed_at, field="completed_at", now=now, bare=bare_times),
    )
    country = reader.take(lambda: read_country(said.country))
    zone = reader.take(lambda: read_zone(said.zone))
    cycle = reader.take(
        lambda: read_days(said.billing_cycle_days, name="billing_cycle_days", most=92, least=1)
    )
    if not (said.email or "").strip() and not (said.phone or "").strip():
        reader.found("email", "missing", "Give an e-mail address or a phone, or both.")
    where = zone or ship_zone(country or "", at or now, unknown=shop_zone)
    lines = _read_lines(reader, said.lines, zone=where, currency=currency, now=now)
    reader.stop()
    return GivenOrder(
        ref=ref,
        completed_at=at or now,
        email=((said.email or "").strip() and said.email) or None,
        phone=((said.phone or "").strip() and said.phone) or None,
        locale=said.locale or None,
        country=country,
        zone=where,
        zone_said=zone is not None,
        credit_application=said.credit_application,
        seller_is_creditor=said.seller_is_creditor,
        billing_cycle_days=cycle,
        lines=tuple(lines),
    )


def read_estimate(said: EtaSaid, *, zone: str, now: datetime) -> GivenEta:
    """When something is expected. Raises errors.InvalidInput for a date that is past, and for a
    definite one that nobody stands behind (trust OD-5). Fields: date, source, evidence."""
    eta = read_eta(said.date, field="date", today=now.astimezone(ZoneInfo(zone)).date())
    source = said.source.strip()
    if said.date is not None and eta is None:
        raise InvalidInput.of("date", "not_a_date", f"{said.date[:40]!r} is no date. Send null.")
    if eta is not None and eta.latest is not None and end_of(eta.latest, zone) <= now:
        raise InvalidInput.of("date", "past", f"{eta.iso()} is over. Give a date to come, or null.")
    if eta is not None and eta.precision is not EtaPrecision.MONTH and not source:
        raise InvalidInput.of(
            "source", "missing", "A definite date needs its source: a supplier, an order, a feed."
        )
    for name, text, most in (
        ("source", source, LONGEST_SOURCE),
        ("evidence", said.evidence, LONGEST_EVIDENCE),
        ("reason", said.reason, LONGEST_REASON),
    ):
        if len(text) > most:
            raise InvalidInput.of(name, "too_long", f"At most {most} characters.")
    return GivenEta(
        eta=eta, source=source, evidence=said.evidence.strip(), reason=said.reason.strip()
    )


@dataclass(slots=True)
class _Reader:
    """Collects what is wrong instead of stopping at the first."""

    problems: list[FieldProblem] = field(default_factory=list)

    def take(self, read: Callable[[], T], *, below: str = "") -> T | None:
        try:
            return read()
        except InvalidInput as error:
            self.problems += [
                replace(one, field=f"{below}.{one.field}".strip(".")) for one in error.problems
            ]
            return None

    def found(self, place: str, code: str, message: str) -> None:
        self.problems.append(FieldProblem(field=place, code=code, message=message))

    def stop(self) -> None:
        if self.problems:
            raise InvalidInput(*self.problems[:50])


def _read_lines(
    reader: _Reader, lines: Sequence[LineSaid], *, zone: str, currency: str, now: datetime
) -> list[GivenLine]:
    if not 0 < len(lines) <= MOST_LINES:
        reader.found("lines", "count", f"An order has 1 to {MOST_LINES} lines here.")
    found: list[GivenLine] = []
    for number, said in enumerate(lines[:MOST_LINES]):
        below = f"lines.{number}"
        line = reader.take(partial(_line, said, zone=zone, currency=currency, now=now), below=below)
        if line is not None and any(line.ref == other.ref for other in found):
            reader.found(f"{below}.ref", "twice", f"Two lines have the ref {line.ref!r}.")
        elif line is not None:
            found.append(line)
    return found


def _line(said: LineSaid, *, zone: str, currency: str, now: datetime) -> GivenLine:
    """Raises errors.InvalidInput with every problem of the line."""
    reader = _Reader()
    if not (said.variant.strip() or said.sku.strip() or said.title.strip()):
        reader.found("variant", "missing", "Say what was sold: variant, sku or title.")
    if len(said.title) > LONGEST_TITLE:
        reader.found("title", "too_long", f"A title has at most {LONGEST_TITLE} characters.")
    estimate = said.eta
    money = reader.take(lambda: read_price(said.price, said.currency, currency=currency))
    line = GivenLine(
        ref=reader.take(lambda: read_ref(said.ref)) or "",
        variant=said.variant.strip(),
        sku=said.sku.strip(),
        title=said.title.strip(),
        quantity=reader.take(lambda: read_units(said.quantity)) or 0,
        price=money[0] if money else None,
        currency=money[1] if money else "",
        sold_as=reader.take(lambda: read_word(said.sold_as, SOLD_AS, name="sold_as")),
        promise=reader.take(lambda: read_given_promise(said.promise)),
        transit_days=reader.take(
            lambda: read_days(said.transit_days, name="transit_days", most=365)
        ),
        essential_date=said.essential_date,
        excluded=reader.take(
            lambda: read_word(said.excluded, [one.value for one in Exclusion], name="excluded")
        ),
        eta=None
        if estimate is None
        else reader.take(lambda: read_estimate(estimate, zone=zone, now=now), below="eta"),
        incentive=dict(said.incentive) if said.incentive else None,
    )
    reader.stop()
    return line
