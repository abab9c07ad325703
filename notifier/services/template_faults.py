"""What keeps a template from being published: all that would not render, and what is missing?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notifier.domain.template_rules import EMAIL_PARTS
from notifier.errors import Conflict, TemplateProblem
from notifier.rendering.draft import Draft
from notifier.rendering.draft_room import DraftRoom
from notifier.rendering.examine import Finding
from notifier.services.env import Env
from notifier.services.load_around import load_around
from notifier.services.template_place import Place, default_parts, message_kind


class BrokenDraft(TemplateProblem):
    """A draft that would not render everywhere. `findings`: everything that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.message, where=first.part, line=first.line)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why one mail in one language cannot be published."""

    kind: str
    locale: str
    finding: Finding


class CannotPublish(Conflict):
    """Nothing was published, because something would not render. `troubles` lists all of it."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        places = {(one.kind, one.locale) for one in troubles}
        one = "1 message" if len(places) == 1 else f"{len(places)} messages"
        super().__init__("broken", f"{one} would not render. Nothing was published.")
        self.troubles = tuple(troubles)


def faults_of(
    env: Env,
    room: DraftRoom,
    place: Place,
    parts: Mapping[str, str],
) -> tuple[Finding, ...]:
    """Everything that keeps these parts from being published: what fails, and what is missing.

    `parts`: those that differ from the default.
    """
    kind = message_kind(place.kind)
    with env.db.read() as tx:
        default = default_parts(tx, place)
        around = load_around(tx, place.shop, place.locale)
    whole = {**_of_every_shop(default, place), **parts}
    missing = missing_parts({**default, **parts})
    draft = Draft(kind=kind, locale=place.locale, parts=whole, around=around)
    return (*missing, *room.examine(draft).findings)


def _of_every_shop(default: Mapping[str, str], place: Place) -> dict[str, str]:
    """What the shop's parts are sent together with, where that is not what was shipped."""
    return dict(default) if place.shop else {}


def missing_parts(parts: Mapping[str, str]) -> tuple[Finding, ...]:
    """What a mail lacks that has some of its parts."""
    there = [part for part in EMAIL_PARTS if parts.get(part, "").strip()]
    if not there or len(there) == len(EMAIL_PARTS):
        return ()
    return tuple(
        Finding(part=part, message="it is missing; a mail has a subject, a text and an HTML part")
        for part in EMAIL_PARTS
        if not parts.get(part, "").strip()
    )
