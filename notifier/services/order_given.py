"""What does a shop say about an order that waits, and can it be reckoned with?

From the API and from a file alike: values as they came go in, an order whose every value is known
to be sound comes out. What is wrong is named by its place (`lines.0.promise`), all of it at once.
A value that was not said is None and says nothing about what is known already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from notifier.domain.dates import read_eta, read_instant
from notifier.domain.eta import Eta, EtaPrecision
from notifier.domain.money import read_currency, read_money
from notifier.domain.order_delay import Exclusion, Promise, end_of, read_promise
from notifier.domain.quiet_hours import known_zone
from notifier.domain.ship_zone import is_country, ship_zone
from notifier.errors import FieldProblem, InvalidInput
from notifier.services.order_case import LONGEST_REASON

T = TypeVar("T")

CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_REF = 128
LONGEST_TITLE = 500
LONGEST_SOURCE = 64
LONGEST_EVIDENCE = 4_000
MOST_UNITS = 1_000_000
MOST_LINES = 500
SOLD_AS = ("backorder", "preorder")
_HAS_ZONE = re.compile(r"(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)$|^\d{10}(?:\.\d+)?$|^\d{13}$", re.I)
_BARE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


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
    country = reader.take(lambda: _country(said.country))
    zone = reader.take(lambda: _zone(said.zone))
    cycle = reader.take(lambda: _days(said.billing_cycle_days, 92, "billing_cycle_days", 1))
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


def read_ref(ref: str, *, field: str = "ref") -> str:
    """The shop's own number of an order or line. It has to fit into an address."""
    text = ref.strip()
    steps = text.split("/")
    if not 0 < len(text) <= LONGEST_REF or not text.isprintable():
        raise InvalidInput.of(
            field, "unusable", f"A ref has 1 to {LONGEST_REF} printable characters."
        )
    if any(step in ("", ".", "..") for step in steps):
        raise InvalidInput.of(
            field, "unusable", f"{text[:80]!r} cannot stand in an address. Leave out the slashes."
        )
    return text


def read_past(
    text: str, *, field: str, now: datetime, bare: str | None = None, since: datetime | None = None
) -> datetime:
    """An instant that is not to come. `bare`: the zone of a time that names none.

    Raises errors.InvalidInput, also for an instant before `since`.
    """
    at = _instant(text, field=field, bare=bare)
    if at > now + CLOCKS_DIFFER:
        raise InvalidInput.of(field, "in_the_future", f"{text[:40]} has not come yet.")
    at = min(at, now).astimezone(UTC)
    if since is not None and at.replace(microsecond=0) < since.replace(microsecond=0):
        raise InvalidInput.of(
            field, "too_early", f"{text[:40]} lies before the order, {since.isoformat()}."
        )
    return at


def _instant(text: str, *, field: str, bare: str | None) -> datetime:
    text = str(text).strip()
    at = read_instant(text, field=field)
    if at is None:
        raise InvalidInput.of(field, "missing", "Say when, such as 2026-03-02T10:15:00-05:00.")
    if _HAS_ZONE.search(text) and not _BARE_DAY.fullmatch(text):
        return at
    if bare is None:
        raise InvalidInput.of(
            field,
            "no_zone",
            f"{text[:40]!r} needs a time and its zone, such as 2026-03-02T10:15:00-05:00: a day "
            "more or less decides what the law asks for.",
        )
    return at.replace(tzinfo=ZoneInfo(bare))


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
    money = reader.take(lambda: _price(said, currency=currency))
    line = GivenLine(
        ref=reader.take(lambda: read_ref(said.ref)) or "",
        variant=said.variant.strip(),
        sku=said.sku.strip(),
        title=said.title.strip(),
        quantity=reader.take(lambda: _units(said.quantity)) or 0,
        price=money[0] if money else None,
        currency=money[1] if money else "",
        sold_as=reader.take(lambda: _word(said.sold_as, SOLD_AS, "sold_as")),
        promise=reader.take(lambda: read_given_promise(said.promise)),
        transit_days=reader.take(lambda: _days(said.transit_days, 365, "transit_days")),
        essential_date=said.essential_date,
        excluded=reader.take(
            lambda: _word(said.excluded, [one.value for one in Exclusion], "excluded")
        ),
        eta=None
        if estimate is None
        else reader.take(lambda: read_estimate(estimate, zone=zone, now=now), below="eta"),
        incentive=dict(said.incentive) if said.incentive else None,
    )
    reader.stop()
    return line


def read_given_promise(said: str | Mapping[str, Any] | None) -> Promise | None:
    """What was promised about the time: in words, or as a bound with the words used."""
    if said is None:
        return None
    if isinstance(said, str):
        return read_promise(said)
    text = str(said.get("text") or "").strip()
    by = said.get("by")
    promise = Promise(
        text=text[:LONGEST_TITLE],
        by=_day(by) if by is not None else None,
        days=said.get("days"),
        business_days=said.get("business_days"),
    )
    return promise if promise.text else replace(promise, text=_words_of(promise))


def _words_of(promise: Promise) -> str:
    if promise.by is not None:
        return f"by {promise.by.isoformat()}"
    if promise.days is not None:
        return f"within {promise.days} days"
    return f"within {promise.business_days} business days"


def _day(text: object) -> date:
    eta = read_eta(text, field="promise")
    if eta is None or eta.latest is None:
        raise InvalidInput.of("promise", "not_a_date", f"{text!r} is no date such as 2027-02-14.")
    return eta.latest


def _country(code: str | None) -> str | None:
    if code is None or not code.strip():
        return None
    found = code.strip().upper()
    if not is_country(found):
        raise InvalidInput.of(
            "country",
            "unknown_country",
            f"{code[:40]!r} is no country of ISO 3166 such as US. Leave it out if nobody knows.",
        )
    return found


def _zone(name: str | None) -> str | None:
    if name is None or not name.strip():
        return None
    if not known_zone(name.strip()):
        raise InvalidInput.of(
            "zone", "unknown_zone", f"{name[:40]!r} is no time zone such as America/New_York."
        )
    return name.strip()


def _days(count: int | None, most: int, name: str, least: int = 0) -> int | None:
    if count is not None and not least <= count <= most:
        raise InvalidInput.of(name, "out_of_range", f"{count} must be {least} to {most} days.")
    return count


def _units(said: object) -> int:
    text = str(said).strip() if said is not None else ""
    is_number = not isinstance(said, bool) and re.fullmatch(r"\d{1,9}(?:\.0)?", text)
    count = int(float(text)) if is_number else 0
    if not 0 < count <= MOST_UNITS:
        raise InvalidInput.of(
            "quantity",
            "not_a_quantity",
            f"{text[:40]!r} is not a number of units from 1 to {MOST_UNITS}.",
        )
    return count


def _price(said: LineSaid, *, currency: str) -> tuple[Decimal, str] | None:
    named = read_currency(said.currency)
    if said.currency.strip() and not named:
        raise InvalidInput.of(
            "currency",
            "unknown_currency",
            f"{said.currency[:20]!r} is not a currency of ISO 4217 such as EUR.",
        )
    money = read_money(said.price, currency=named or currency)
    return (money.amount, money.currency) if money else None


def _word(said: str | None, allowed: Sequence[str], name: str) -> str | None:
    word = (said or "").strip().lower().replace("-", "_")
    if not word:
        return None
    if word not in allowed:
        raise InvalidInput.of(
            name, "unknown_word", f"{said!r:.60} is none of: {', '.join(allowed)}."
        )
    return word
