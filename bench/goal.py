"""What does one line of the table of goals hold, and how is its figure read?"""

from __future__ import annotations

from dataclasses import dataclass

_WHOLE = ("ms", "MB", "µs", "/s", "letters", "copies", "answers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part on one database. `nearness`: 1 and more is reached; None: not measured."""

    key: str
    goal: str
    what: str
    unit: str
    need: float
    at_most: bool
    subject: str = ""
    database: str = ""
    value: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    floor: str = ""
    peer: str = ""
    words: str = ""
    nearness: float | None = None

    @property
    def figure(self) -> str:
        """The figure with its range, as it is read."""
        if self.nearness is None:
            return ""
        said = number(self.value, self.unit)
        if self.lowest == self.highest:
            return said
        return f"{said} ({number(self.lowest, '')}–{number(self.highest, '')})"


def number(value: float, unit: str) -> str:
    """With as many digits as mean something, and its unit."""
    if unit in _WHOLE or value >= 1000:
        said = f"{value:,.0f}"
    elif value == int(value):
        said = f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"
    else:
        said = (
            f"{value:.0f}" if value >= 100 else (f"{value:.2f}" if value >= 0.1 else f"{value:.3f}")
        )
    return f"{said} {unit}".rstrip() if unit != "/s" else f"{said}/s"
