"""How does one write figures and instants for somebody who works with them, in their language?

The phrases customers read are in notifier/i18n.py.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import dates, numbers, units

from notifier.i18n import babel_locale

_UNITS = (
    ("duration-day", 86_400),
    ("duration-hour", 3_600),
    ("duration-minute", 60),
    ("duration-second", 1),
)


def ago_words(distance: timedelta, locale: str) -> str:
    """`3 minutes ago` for a negative distance, `in 2 hours` for a positive one."""
    return dates.format_timedelta(distance, add_direction=True, locale=babel_locale(locale))


def format_length(span: timedelta, locale: str) -> str:
    """`3 days`, `7 hours, 30 minutes`: in its greatest unit, and the next where that is not 0."""
    left = max(int(span.total_seconds()), 0)
    first = next((at for at, (_, size) in enumerate(_UNITS) if left >= size), len(_UNITS) - 1)
    parts: list[str] = []
    for unit, size in _UNITS[first : first + 2]:
        count, left = divmod(left, size)
        if count or not parts:
            parts.append(units.format_unit(count, unit, locale=babel_locale(locale)))
    return ", ".join(parts)


def format_instant(local: datetime, locale: str) -> str:
    """`22 Nov 2026, 14:05`, of a moment that already is in the reader's time zone."""
    day = dates.format_date(local.date(), "medium", locale=babel_locale(locale))
    return f"{day}, {local:%H:%M}"


def format_short_day(day: date, locale: str) -> str:
    """`22 Nov`, `22. Nov.`, `22 nov`: where there is little room, and the year is known."""
    return dates.format_skeleton("MMMd", day, locale=babel_locale(locale))


def format_number(value: float | Decimal, locale: str, *, digits: int = 0) -> str:
    """`12,345`; at most so many digits behind the point."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=babel_locale(locale))


def with_decimal_sign(number: str, locale: str) -> str:
    """`7.5` → `7,5`, of one that is written with a point and nothing else."""
    return number.replace(".", numbers.get_decimal_symbol(babel_locale(locale)))


def format_percent(share: float, locale: str, *, digits: int = 0) -> str:
    """0.25 → `25%`, `25 %`."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "") + "%"
    if babel_locale(locale).language in ("de", "es", "fr"):
        pattern = pattern.replace("%", " %")
    return numbers.format_percent(share, format=pattern, locale=babel_locale(locale))
