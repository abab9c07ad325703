"""What is being edited, what is its default, and where does it stand: draft, published, neither?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from notifier.domain.message import MessageKind
from notifier.domain.template_rules import EMAIL_PARTS, NO_SHORT_TEXT, PARTS
from notifier.errors import NotFound
from notifier.i18n import DEFAULT_LOCALE, locale_chain
from notifier.rendering import FileTemplates
from notifier.resources import templates_folder
from notifier.store import templates
from notifier.store.session import Transaction
from notifier.store.templates import Version as Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One template: a shop's (empty: every shop's) text of a kind in a language. `kind` is a
    message's, or that of a block around every mail."""

    shop: str
    kind: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is published, and the draft that is newer. `newest`: the highest number ever given,
    which whoever saves must have seen."""

    published: Version | None = None
    draft: Version | None = None
    newest: int = 0

    @property
    def current(self) -> Version | None:
        """What somebody who edits goes on from; None: the default."""
        return self.draft or self.published


def message_kind(name: str) -> MessageKind:
    """Raises errors.NotFound for a kind there is not."""
    try:
        return MessageKind(name)
    except ValueError:
        raise NotFound(f"There is no message {name!r:.40}.") from None


def parts_of_kind(kind: MessageKind) -> tuple[str, ...]:
    """The parts a message of that kind has."""
    return EMAIL_PARTS if kind in NO_SHORT_TEXT else PARTS


@cache
def shipped() -> FileTemplates:
    return FileTemplates(templates_folder() / "messages")


def default_parts(tx: Transaction, place: Place) -> dict[str, str]:
    """What is used where the shop has nothing of its own: what is published for every shop, else
    what came with the program. Empty where the language has nothing."""
    found = shipped_parts(place)
    if place.shop:
        common = Place(shop="", kind=place.kind, locale=place.locale)
        version = load_standing(tx, common).published
        found.update(version.parts if version else {})
    return found


def shipped_parts(place: Place) -> dict[str, str]:
    """What came with the program for exactly this language."""
    kind = message_kind(place.kind)
    found: dict[str, str] = {}
    for name in reversed(locale_chain(place.locale)):
        for part in parts_of_kind(kind):
            source = shipped().find(kind, part, shop="", locale=name)
            if source is not None:
                found[part] = source.source
    return found


def first_words(place: Place) -> dict[str, str]:
    """What somebody who writes a new language begins with: the default language's text."""
    kind = message_kind(place.kind)
    found = (
        shipped().find(kind, part, shop="", locale=DEFAULT_LOCALE) for part in parts_of_kind(kind)
    )
    return {one.part: one.source for one in found if one is not None}


def load_standing(tx: Transaction, place: Place) -> Standing:
    """Where a template stands."""
    rows = templates.history(tx, shop=place.shop, locale=place.locale, kind=place.kind)
    published = next((one for one in rows if one.state == templates.PUBLISHED), None)
    kept = [one for one in rows if one.state != templates.DISCARDED]
    newest = kept[0] if kept else None
    is_draft = newest is not None and newest.state == templates.DRAFT
    newer = newest is not None and (published is None or newest.number > published.number)
    return Standing(
        published=published,
        draft=newest if is_draft and newer else None,
        newest=rows[0].number if rows else 0,
    )


def changed_parts(given: Mapping[str, str], default: Mapping[str, str]) -> dict[str, str]:
    """The parts of `given` that differ from the default, with plain line ends.

    An empty part counts only where the default has one.
    """
    tidy = {part: tidy_text(text) for part, text in given.items()}
    return {
        part: text
        for part, text in tidy.items()
        if not same_text(text, default.get(part, "")) and (text.strip() or part in default)
    }


def tidy_text(text: str) -> str:
    """With `\\n` as the only line end, as in a file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def same_text(one: str, other: str) -> bool:
    """Equal but for the blank end, which a form may add or take."""
    return tidy_text(one).rstrip() == tidy_text(other).rstrip()
