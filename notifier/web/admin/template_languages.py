"""What is a language called by somebody who speaks another?"""

from __future__ import annotations

from collections.abc import Iterable

from babel import Locale, UnknownLocaleError


def language_names(locales: Iterable[str], spoken: str) -> dict[str, str]:
    """`{"de": "German"}` for each of `locales`, in the words of `spoken`; the tag itself where
    nobody knows a name."""
    return {one: _name(one, spoken) for one in locales}


def _name(locale: str, spoken: str) -> str:
    try:
        name = Locale.parse(locale, sep="-").get_display_name(Locale.parse(spoken, sep="-"))
    except (UnknownLocaleError, ValueError):
        return locale
    return f"{name[:1].upper()}{name[1:]}" if name else locale
