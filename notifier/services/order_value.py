"""What does one value mean that a shop says about an order that waits?

Each value comes as it was written, in the API or in a file, and is known to be sound when it comes
back. Each raises errors.InvalidInput, which names the field; services/order_given puts them
together to an order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain.dates import names_zone, read_eta, read_instant
from notifier.domain.money import read_currency, read_money
from notifier.domain.order_delay import Promise, read_promise
from notifier.domain.quiet_hours import known_zone
from notifier.domain.ship_zone import is_country
from notifier.errors import InvalidInput

CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_REF = 128
LONGEST_TITLE = 500
MOST_UNITS = 1_000_000


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
    if names_zone(text):
        return at
    if bare is None:
        raise InvalidInput.of(
            field,
            "no_zone",
            f"{text[:40]!r} needs a time and its zone, such as 2026-03-02T10:15:00-05:00: a day "
            "more or less decides what the law asks for.",
        )
    return at.replace(tzinfo=ZoneInfo(bare))


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


def read_country(code: str | None) -> str | None:
    """In capitals; None where none was said."""
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


def read_zone(name: str | None) -> str | None:
    """A name of the IANA; None where none was said."""
    if name is None or not name.strip():
        return None
    if not known_zone(name.strip()):
        raise InvalidInput.of(
            "zone", "unknown_zone", f"{name[:40]!r} is no time zone such as America/New_York."
        )
    return name.strip()


def read_days(count: int | None, *, name: str, most: int, least: int = 0) -> int | None:
    """The same number. `name`: the field it is in."""
    if count is not None and not least <= count <= most:
        raise InvalidInput.of(name, "out_of_range", f"{count} must be {least} to {most} days.")
    return count


def read_units(said: object) -> int:
    """A whole number from 1, also as a file writes it: `2.0`."""
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


def read_price(said: object, code: str, *, currency: str) -> tuple[Decimal, str] | None:
    """An amount and its currency: the one of `code`, or else `currency`."""
    named = read_currency(code)
    if code.strip() and not named:
        raise InvalidInput.of(
            "currency",
            "unknown_currency",
            f"{code[:20]!r} is not a currency of ISO 4217 such as EUR.",
        )
    money = read_money(said, currency=named or currency)
    return (money.amount, money.currency) if money else None


def read_word(said: str | None, allowed: Sequence[str], *, name: str) -> str | None:
    """One of those, however it is written; None where none was said."""
    word = (said or "").strip().lower().replace("-", "_")
    if not word:
        return None
    if word not in allowed:
        raise InvalidInput.of(
            name, "unknown_word", f"{said!r:.60} is none of: {', '.join(allowed)}."
        )
    return word
