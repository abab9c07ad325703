"""What does an alarm say, in the language of whoever reads it?

An alarm is stored in English, for logs and programs, and with the phrase and the values it was made
of. Pages and mails make it anew from those; what a provider or a source said stays as it came.
Of one thing the phrase `<key>_one` is said, where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from notifier.i18n import DEFAULT_LOCALE, format_date, section
from notifier.i18n_figures import format_length, format_number, format_percent

SAID = "said"  # among the facts of an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A phrase of the section `alarm` in locales/*.toml, and what it is filled with."""

    key: str
    values: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        """To be stored."""
        return {SAID: asdict(self)}

    def __str__(self) -> str:
        return self.text(DEFAULT_LOCALE)

    def text(self, locale: str) -> str:
        """Raises KeyError where the phrase, or a value in it, is not there."""
        plain = {name: _plain(value, locale) for name, value in self.values.items()}
        phrases = section(locale, "alarm")
        one = phrases.get(f"{self.key}_one") if self.values.get("count") == 1 else None
        return (one or phrases[self.key]).format(**plain)


def say(key: str, **values: Any) -> Said:
    """`values`: numbers, a share(), days, lengths of time, a further Said as a part of this one, or
    what becomes text."""
    return Said(key=key, values={name: _kept(value) for name, value in values.items()})


def share(value: float) -> dict[str, float]:
    """0.055 as `5.5%`, a value for say()."""
    return {"share": value}


def read(facts: Mapping[str, Any], locale: str, *, stored: str) -> str:
    """An alarm with these facts in this language; as it was `stored` where they do not say it."""
    kept = facts.get(SAID)
    if not kept:
        return stored
    try:
        return _again(kept).text(locale)
    except (KeyError, IndexError):
        return stored


def _again(kept: Mapping[str, Any]) -> Said:
    values = {
        name: _again(value) if isinstance(value, dict) and "key" in value else value
        for name, value in kept["values"].items()
    }
    return Said(key=kept["key"], values=values)


def _kept(value: Any) -> Any:
    """As it is stored: what JSON has, and a dict of one entry for what a reader sees formatted."""
    if isinstance(value, timedelta):
        return {"length": value.total_seconds()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value if isinstance(value, (Said, int, float, dict)) else str(value)


def _plain(value: Any, locale: str) -> str:
    match value:
        case Said():
            return value.text(locale)
        case int() | float():
            return format_number(value, locale, digits=2)
        case {"length": seconds}:
            return format_length(timedelta(seconds=seconds), locale)
        case {"day": day}:
            return format_date(date.fromisoformat(day), locale)
        case {"share": part}:
            return format_percent(part, locale, digits=2)
    return str(value)
