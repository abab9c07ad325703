"""What does an alarm say, in the language of whoever reads it?

An alarm is stored in English, for logs and programs, and with the phrase and the values it was made
of. Pages and mails make it anew from those; what a provider or a source said stays as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from notifier.i18n import DEFAULT_LOCALE, section
from notifier.i18n_figures import format_number

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
        return section(locale, "alarm")[self.key].format(**plain)


def say(key: str, **values: Any) -> Said:
    """`values`: numbers, a further Said as a part of this one, or what becomes text."""
    kept = {
        n: one if isinstance(one, (Said, int, float)) else str(one) for n, one in values.items()
    }
    return Said(key=key, values=kept)


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
        name: _again(value) if isinstance(value, dict) else value
        for name, value in kept["values"].items()
    }
    return Said(key=kept["key"], values=values)


def _plain(value: Any, locale: str) -> str:
    if isinstance(value, Said):
        return value.text(locale)
    if isinstance(value, (int, float)):
        return format_number(value, locale, digits=2)
    return str(value)
