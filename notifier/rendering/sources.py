"""Where does the text of a message template come from, and which one is used for a recipient?

A lookup answers for one exact place; `choose_sources` walks from the shop's own words in the
recipient's locale down to the default (acceptance D3). A message never mixes languages: the
first language that has every part the medium needs gives them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from notifier.domain.message import Medium, MessageKind
from notifier.domain.template_rules import EMAIL_PARTS, PARTS
from notifier.errors import TemplateProblem
from notifier.i18n import DEFAULT_LOCALE, locale_chain

NEEDED: Mapping[Medium, tuple[str, ...]] = {
    Medium.EMAIL: EMAIL_PARTS,
    Medium.SMS: ("short.txt",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSource:
    """One part of a template: its text, a version that changes with it, and where it lives.

    `part` is one of template_rules.PARTS and decides how it is rendered; `where` is for people.
    """

    source: str
    version: str
    where: str
    part: str


class TemplateLookup(Protocol):
    """Finds templates. A table of edited templates can stand before the files (see Layered)."""

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        """The part for exactly this shop (`''`: all shops) and locale, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The parts of one message, all in one language. `locale` is the best that was found."""

    locale: str
    parts: Mapping[str, TemplateSource]


class FileTemplates:
    """The templates that come with the program: `<locale>/<kind>/<part>` in a folder.

    Read once; a locale is only ever compared with what was found, so no name leads elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self._found = dict(_read_folder(folder))

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        return None if shop else self._found.get((locale, kind, part))

    @property
    def locales(self) -> frozenset[str]:
        """The locales there is at least one template for."""
        return frozenset(locale for locale, _, _ in self._found)


class Layered:
    """Several lookups as one: the first that knows a part gives it."""

    def __init__(self, *lookups: TemplateLookup) -> None:
        self._lookups = lookups

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        for lookup in self._lookups:
            source = lookup.find(kind, part, shop=shop, locale=locale)
            if source is not None:
                return source
        return None


class GivenParts:
    """Parts given as text, for one kind, whatever the shop and locale: a draft."""

    def __init__(self, kind: MessageKind, parts: Mapping[str, str]) -> None:
        self._kind = kind
        self._parts = {
            part: TemplateSource(source=text, version=version_of(text), where=part, part=part)
            for part, text in parts.items()
        }

    def find(
        self, kind: MessageKind, part: str, *, shop: str, locale: str
    ) -> TemplateSource | None:
        return self._parts.get(part) if kind is self._kind else None


def choose_sources(
    lookup: TemplateLookup, kind: MessageKind, *, medium: Medium, shop: str, locale: str
) -> Chosen:
    """The parts of a message by `medium`. Raises TemplateProblem where one is missing."""
    needed = NEEDED.get(medium)
    if needed is None:
        raise TemplateProblem(f"messages by {medium} have no templates", where=kind)
    for language in _languages(locale):
        parts = {part: _first(lookup, kind, part, shop=shop, language=language) for part in needed}
        found = {part: source for part, source in parts.items() if source is not None}
        if len(found) == len(needed):
            return Chosen(locale=language[0], parts=found)
    missing = [part for part in needed if part not in found]
    raise TemplateProblem(
        f"there is no {' and no '.join(missing)} for {kind}, neither for the locale {locale!r} nor"
        f" for the default {DEFAULT_LOCALE!r}; add templates/messages/{DEFAULT_LOCALE}/{kind}/",
        where=kind,
    )


def version_of(*texts: str) -> str:
    """A short stable name for exactly these texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def _languages(locale: str) -> Sequence[tuple[str, ...]]:
    wanted = locale_chain(locale)
    return (wanted,) if wanted[-1] == DEFAULT_LOCALE else (wanted, (DEFAULT_LOCALE,))


def _first(
    lookup: TemplateLookup, kind: MessageKind, part: str, *, shop: str, language: Sequence[str]
) -> TemplateSource | None:
    for place in (shop, "") if shop else ("",):
        for locale in language:
            source = lookup.find(kind, part, shop=place, locale=locale)
            if source is not None:
                return source
    return None


def _read_folder(folder: Path) -> Iterator[tuple[tuple[str, MessageKind, str], TemplateSource]]:
    known = {str(kind): kind for kind in MessageKind}
    for path in sorted(folder.glob("*/*/*")):
        locale, kind, part = path.parts[-3:]
        if kind in known and part in PARTS:
            text = path.read_text(encoding="utf-8")
            where = f"{locale}/{kind}/{part}"
            source = TemplateSource(source=text, version=version_of(text), where=where, part=part)
            yield (locale, known[kind], part), source
