"""How far is a letter on its way over a connection, and what was seen of it there?"""

from __future__ import annotations

from enum import Enum

from notifier.channels.base import Letter, Result
from notifier.channels.smtp.mime import Mail

__all__ = ["At", "Carried"]


class At(Enum):
    """How far a letter is, as far as a broken connection is concerned."""

    ANNOUNCED = 1
    TEXT = 2  # the text is under way, the dot is not
    DOT = 3


class Carried:
    """A letter on a lane, as a mail. `is_looked_at`: the server has answered something to it."""

    __slots__ = ("at", "dot_ends", "failed", "is_looked_at", "letter", "mail", "may_move")

    def __init__(self, letter: Letter, mail: Mail) -> None:
        self.letter = letter
        self.mail = mail
        self.at = At.ANNOUNCED
        self.failed: Result | None = None
        self.is_looked_at = False
        self.may_move = False  # announced on a connection that may have been gone by then
        self.dot_ends = 0
