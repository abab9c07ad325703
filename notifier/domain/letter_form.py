"""What have many letters in common, and where does each say its own?

A form is a message written once for everybody of a group, with a blank wherever a value differs:
a link with a token, a day. A letter of the group is the form and its values. Values are *tame*
(see `is_tame`): put into a blank, they read the same as if the template had printed them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

Cut = tuple[str | int, ...]
"""A text cut at its blanks: text, number of the value, text, …; text at both ends."""

LONGEST_VALUE = 400  # characters

# Escaped or not, it is the same; it takes part in no rule about blanks, lines or replacements.
_PLAIN = re.compile(r"[!#-%(-;=?-z|~]+(?: +[!#-%(-;=?-z|~]+)*")  # ASCII
_TAME = re.compile(r"[^\s&<>\"'{}](?:[^\t-\r\x1c-\x1f&<>\"'{}]*[^\s&<>\"'{}])?")


def is_tame(value: str) -> bool:
    """Whether a value may go into a blank: one line, no blank at either end, nothing to escape."""
    if len(value) > LONGEST_VALUE:
        return False
    if value.isascii():
        return _PLAIN.fullmatch(value) is not None
    return _TAME.fullmatch(value) is not None and value.isprintable()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """A mail with blanks. `slots` names the values, in the order in which letters give them.

    `locale` and `version` are those of its templates. `polish` ends the subject. `made` is for
    channels: what they have made of this form, by their own keys.
    """

    slots: tuple[str, ...]
    subject: Cut
    text: Cut
    html: Cut
    polish: Callable[[str], str]
    locale: str
    version: str
    made: dict[object, object] = field(default_factory=dict)

    def written(self, part: str, values: tuple[str, ...]) -> str:
        """`subject`, `text` or `html` as it reads for one recipient."""
        if part == "subject":
            return self.polish(fill(self.subject, values))
        return fill(self.text if part == "text" else self.html, values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShortForm:
    """A text message with blanks. `write` raises TemplateProblem where no text is short enough."""

    slots: tuple[str, ...]
    write: Callable[[tuple[str, ...]], str]
    locale: str
    version: str


def fill(cut: Cut, values: tuple[str, ...]) -> str:
    """The text with the values in its blanks."""
    return "".join([one if type(one) is str else values[one] for one in cut])  # type: ignore[index]
