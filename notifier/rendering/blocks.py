"""What does a shop put around all its mails: colours, logo, postal address, a header, a footer?

Colours, logo and address are values; header and footer are small templates in each language that
know nothing but the shop. They stand beside what is locked: why one gets this mail, how to end it
and the postal address are always printed by the layout, whatever a footer says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from notifier.domain.message import MessageKind
from notifier.domain.message_context import Schema, legible_on, schema_of
from notifier.errors import FieldProblem, InvalidInput

BLOCKS = "blocks"  # the kind they are stored under, per language
LOOK = "look"  # the kind the values are stored under
LOOK_PART = "look.json"
NO_LANGUAGE = "*"  # the locale of what has no words
BLOCK_PARTS = ("header.html", "footer.html", "header.txt", "footer.txt")
MAX_BLOCK = 8_000  # characters of one

DEFAULT_PAPER = "#f4f2ed"
_FOOT_INK = "#5d636a"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_LONGEST_ADDRESS = 300
_LONGEST_URL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A shop's own values, '' where the configuration's or the default one holds."""

    accent: str = ""  # '#rrggbb': buttons
    paper: str = ""  # '#rrggbb': behind the sheet
    logo_url: str = ""
    postal_address: str = ""

    def of_shop(self) -> dict[str, str]:
        """What it changes in the group `shop` of a message's values."""
        own = {"accent": self.accent, "logo_url": self.logo_url}
        own["postal_address"] = self.postal_address
        return {name: value for name, value in own.items() if value}

    def frame(self) -> dict[str, str]:
        """The colours of the frame: the paper, and an ink that can be read on it."""
        paper = self.paper or DEFAULT_PAPER
        ink = _FOOT_INK if contrast(paper, _FOOT_INK) >= 4.5 else legible_on(paper)
        return {"paper": paper, "foot_ink": ink}

    def as_text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What one shop has around its mails in one language. `version` changes with any of it."""

    look: Look = Look()
    parts: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


NO_BLOCKS = Blocks()


class BlockLookup(Protocol):
    """Finds what people have published."""

    def blocks(self, *, shop: str, locale: str) -> Blocks: ...


def block_schema() -> Schema:
    """The values a header or a footer may use: the shop's."""
    return {"shop": schema_of(MessageKind.MANAGE_LINK)["shop"]}


def read_look(given: Mapping[str, str]) -> Look:
    """Values from a form. Raises InvalidInput with every field that cannot be used."""
    clean = {name: str(given.get(name, "")).strip() for name in Look.__slots__}
    problems = [problem for name, value in clean.items() if (problem := _problem(name, value))]
    if problems:
        raise InvalidInput(*problems)
    return Look(**clean)


def stored_look(text: str) -> Look:
    """The values of a stored row; what cannot be read counts as not set."""
    try:
        found = json.loads(text)
    except ValueError:
        return Look()
    if not isinstance(found, dict):
        return Look()
    kept = {name: found.get(name, "") for name in Look.__slots__}
    return Look(**{name: str(value) for name, value in kept.items() if not _problem(name, value)})


def _problem(name: str, value: str) -> FieldProblem | None:
    if not value:
        return None
    if name in ("accent", "paper") and not _COLOUR.match(value):
        return FieldProblem(
            field=name,
            code="colour",
            message=f"Write a colour as #rrggbb, not {value!r:.20}.",
            values={"typed": value[:20]},
        )
    if name == "logo_url" and (
        not re.match(r"https://[^\s\\<>\"']+\Z", value) or len(value) > _LONGEST_URL
    ):
        return FieldProblem(
            field=name,
            code="url",
            message=f"A logo is a picture at an https:// address, not {value!r:.60}.",
        )
    if name == "postal_address" and (len(value) > _LONGEST_ADDRESS or not value.isprintable()):
        return FieldProblem(
            field=name,
            code="line",
            message=f"A postal address is one line of at most {_LONGEST_ADDRESS} characters.",
            values={"most": _LONGEST_ADDRESS},
        )
    return None


def contrast(first: str, second: str) -> float:
    """The contrast of two colours '#rrggbb', 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
