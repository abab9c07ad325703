"""How do the ways to release compare: who comes too late, against how long it takes? One SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from bench.drawing import box, line, picture, text

_WIDTH, _HEIGHT, _LEFT, _TOP, _BETWEEN, _BELOW = 380, 250, 66, 104, 76, 74
_LEAST_LATE = 0.001  # what is less is drawn there
_LEAST_HOURS = 0.1
_TICKS = ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    label: str
    late: float
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One world: the fixed rates, and the adaptive strategy."""

    title: str
    dots: tuple[Dot, ...]
    ours: Dot


def as_svg(panels: Sequence[Panel], *, limit: float) -> str:
    """Two panels a row; both axes in powers of ten; left and low is better."""
    rows = ceil(len(panels) / 2)
    width = _LEFT + 2 * _WIDTH + _BETWEEN + 24
    height = _TOP + rows * (_HEIGHT + _BELOW) - 14
    words = "Who comes too late, against hours until all is sold"
    parts = [text(20, 32, words, kind="title"), *_legend(limit)]
    for number, panel in enumerate(panels):
        x = _LEFT + (number % 2) * (_WIDTH + _BETWEEN)
        y = _TOP + (number // 2) * (_HEIGHT + _BELOW)
        parts.append(_Drawing(panel, limit=limit, x=x, y=y).svg())
    return picture(parts, width=width, height=height, title=words)


def _legend(limit: float) -> list[str]:
    """What each mark is; the words tell where the next one begins."""
    marks = (
        (20, "good", 6.5, "adaptive, no setting"),
        (176, "other", 3.5, "every fixed rate a shop might have chosen"),
        (462, "short", 5.0, f"the quickest of them within {limit:.0%} (shaded)"),
    )
    parts: list[str] = []
    for x, kind, radius, words in marks:
        parts.append(f'<circle class="{kind}" cx="{x + 6}" cy="56" r="{radius}"/>')
        parts.append(text(x + 19, 60, words, kind="quiet"))
    return parts


class _Drawing:
    """One panel with its scales."""

    def __init__(self, panel: Panel, *, limit: float, x: int, y: int) -> None:
        self.panel, self.limit, self.x, self.y = panel, limit, x, y
        hours = [max(one.hours, _LEAST_HOURS) for one in (*panel.dots, panel.ours)]
        self.first, self.last = floor(log10(min(hours))), ceil(log10(max(hours)))
        self.last = max(self.last, self.first + 1)

    def svg(self) -> str:
        x, y, right, bottom = self.x, self.y, self.x + _WIDTH, self.y + _HEIGHT
        at = self._down(self.limit)
        parts = [
            text(x, y - 10, self.panel.title, kind="head"),
            box(x, at, width=_WIDTH, height=bottom - at, kind="zone"),
        ]
        for power in range(self.first, self.last + 1):
            here = self._along(10.0**power)
            parts.append(line((here, y), (here, bottom), kind="grid"))
            words = f"{10.0**power:g} h"
            parts.append(text(here, bottom + 18, words, kind="quiet", anchor="middle"))
        for late, words in _TICKS:
            parts.append(line((x, self._down(late)), (right, self._down(late)), kind="grid"))
            parts.append(text(x - 8, self._down(late) + 4, words, kind="quiet", anchor="end"))
        parts.append(line((x, at), (right, at), kind="rule"))
        kept = [one for one in self.panel.dots if one.late <= self.limit]
        best = min(kept, key=lambda one: one.hours, default=None)
        parts += [self._dot(one, radius=3, kind="other") for one in self.panel.dots]
        if best is not None:
            parts.append(self._dot(best, radius=5, kind="short edge"))
        parts.append(self._dot(self.panel.ours, radius=7, kind="good edge"))
        return "\n".join(parts)

    def _along(self, hours: float) -> float:
        part = (log10(max(hours, 10.0**self.first)) - self.first) / (self.last - self.first)
        return self.x + _WIDTH * part

    def _down(self, late: float) -> float:
        part = log10(max(late, _LEAST_LATE)) / log10(_LEAST_LATE)
        return self.y + _HEIGHT * part

    def _dot(self, one: Dot, *, radius: int, kind: str) -> str:
        about = f"{one.label}: {one.late:.1%} too late, {one.hours:.1f} h"
        return (
            f'<circle class="{kind}" cx="{self._along(one.hours):.1f}" '
            f'cy="{self._down(one.late):.1f}" r="{radius}"><title>{escape(about)}</title></circle>'
        )
