"""Which span of time do words such as "in 2–4 weeks" name, and which days is that from today?

English, German and Spanish. What ships "in 2–4 weeks" and what is expected "in 2–4 weeks" are read
with the same patterns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_AHEAD = 730  # days; who says "in 300 weeks" has mistyped


class Unit(StrEnum):
    BUSINESS = "business"
    WEEKS = "weeks"
    HOURS = "hours"
    DAYS = "days"


_WORDS = {
    Unit.BUSINESS: r"(?:business|working|week)[\s-]*days?|werktag(?:e|en)?|arbeitstag(?:e|en)?"
    r"|d[ií]as?\s+(?:laborables?|h[áa]biles?)",
    Unit.WEEKS: r"weeks?|wochen?|semanas?",
    Unit.HOURS: r"hours?|hrs?|h|stunden?|horas?",
    Unit.DAYS: r"(?:calendar\s+)?days?|tag(?:e|en)?|d[ií]as?(?:\s+naturales)?",
}
_SPAN = (
    r"(?<![\d./-])(?:(?P<least>\d{1,4})\s*(?:-|–|—|to|bis|a|or|oder|o)\s*)?(?P<most>\d{1,4})\s*(?:"
    + "|".join(f"(?P<{unit}>{words})" for unit, words in _WORDS.items())
    + r")\b"
)
_ANYWHERE = re.compile(_SPAN, re.IGNORECASE)
_AHEAD = re.compile(
    r"(?:(?P<within>within|innerhalb\s+von|binnen|dentro\s+de|en\s+menos\s+de)\s+|(?:in|en)\s+)?"
    r"(?:(?:about|approx\.?|around|ca\.?|circa|etwa|ungefähr|unos|unas|aprox\.?|de)\s+)?"
    rf"{_SPAN}\.?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """`least` to `most` of a unit; the same where the words name one number."""

    least: int
    most: int
    unit: Unit


def find_spans(text: str) -> list[TimeSpan]:
    """Every span that stands anywhere in the text, in its order. A larger number that stands first
    is taken for the larger one."""
    return [_span_of(found) for found in _ANYWHERE.finditer(text)]


def days_ahead(text: str, *, today: date) -> tuple[date, date] | None:
    """First and last day that "in 2-4 weeks" means when it is said on `today`; None when the whole
    text is no such span.

    "In 3 weeks" is not sharpened to a day: it is the week that ends then. "Within 3 weeks" begins
    today. Raises ValueError, which says why, for business days (nobody knows whose holidays), for
    a span that runs backwards, and for more than MOST_AHEAD days.
    """
    found = _AHEAD.fullmatch(" ".join(text.split()))
    if found is None:
        return None
    span = _span_of(found)
    if span.unit is Unit.BUSINESS:
        raise ValueError("counts business days, and the holidays there are not known")
    if found["least"] and int(found["least"]) > int(found["most"]):
        raise ValueError("runs backwards")
    least, most = _in_days(span)
    if found["within"]:
        least = 0
    if most > MOST_AHEAD:
        raise ValueError(f"is more than {MOST_AHEAD} days off")
    return today + timedelta(days=least), today + timedelta(days=most)


def _in_days(span: TimeSpan) -> tuple[int, int]:
    if span.unit is Unit.HOURS:
        return span.least // 24, -(-span.most // 24)
    if span.unit is Unit.DAYS:
        return span.least, span.most
    if span.least == span.most:
        return max(7 * span.most - 6, 0), 7 * span.most
    return 7 * span.least, 7 * span.most


def _span_of(found: re.Match[str]) -> TimeSpan:
    numbers = [int(number) for number in found.group("least", "most") if number]
    unit = next(unit for unit in Unit if found[unit.value])
    return TimeSpan(least=min(numbers), most=max(numbers), unit=unit)
