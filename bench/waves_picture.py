"""How do the ways to release compare: who comes too late, against how long it takes? One SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 360, 240, 56, 46, 64
_LEAST_LATE = 0.001  # what is less is drawn there
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f23}.quiet{fill:#57606a;font-size:11px}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}}"
)


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
    width = 2 * (_LEFT + _WIDTH) + 30
    height = rows * (_HEIGHT + _GAP) + _TOP
    words = "Share of those told who come too late, against hours until all is sold"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{words}">',
        f"<style>{_STYLE}</style>",
        f'<text x="8" y="20">{words}. Grey: fixed rates. Green: adaptive.</text>',
    ]
    for number, panel in enumerate(panels):
        x = _LEFT + (number % 2) * (_WIDTH + _LEFT)
        y = _TOP + (number // 2) * (_HEIGHT + _GAP)
        parts.append(_Drawing(panel, limit=limit, x=x, y=y).svg())
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Drawing:
    """One panel with its scales."""

    def __init__(self, panel: Panel, *, limit: float, x: int, y: int) -> None:
        self.panel, self.limit, self.x, self.y = panel, limit, x, y
        hours = [max(one.hours, 0.05) for one in (*panel.dots, panel.ours)]
        self.first, self.last = floor(log10(min(hours))), ceil(log10(max(hours)))
        self.last = max(self.last, self.first + 1)

    def svg(self) -> str:
        x, y = self.x, self.y
        at = self._down(self.limit)
        parts = [
            f'<text x="{x}" y="{y - 4}">{escape(self.panel.title)}</text>',
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" '
            'stroke="#8c959f" stroke-width="0.5"/>',
            f'<line x1="{x}" y1="{at:.1f}" x2="{x + _WIDTH}" y2="{at:.1f}" stroke="#d4a72c"/>',
        ]
        for power in range(self.first, self.last + 1):
            parts.append(
                f'<text class="quiet" x="{self._along(10.0**power):.1f}" y="{y + _HEIGHT + 15}" '
                f'text-anchor="middle">{10.0**power:g} h</text>'
            )
        for late in (0.001, 0.01, self.limit, 0.1, 1.0):
            parts.append(
                f'<text class="quiet" x="{x - 6}" y="{self._down(late) + 4:.1f}" '
                f'text-anchor="end">{late:.1%}</text>'
            )
        parts += [self._dot(one, radius=3, fill="#8c959f") for one in self.panel.dots]
        parts.append(self._dot(self.panel.ours, radius=6, fill="#1f7a5c"))
        return "\n".join(parts)

    def _along(self, hours: float) -> float:
        part = (log10(max(hours, 10.0**self.first)) - self.first) / (self.last - self.first)
        return self.x + _WIDTH * part

    def _down(self, late: float) -> float:
        part = log10(max(late, _LEAST_LATE)) / log10(_LEAST_LATE)
        return self.y + _HEIGHT * part

    def _dot(self, one: Dot, *, radius: int, fill: str) -> str:
        return (
            f'<circle cx="{self._along(one.hours):.1f}" cy="{self._down(one.late):.1f}" '
            f'r="{radius}" fill="{fill}" fill-opacity="0.8"><title>{escape(one.label)}: '
            f"{one.late:.1%} too late, {one.hours:.1f} h</title></circle>"
        )
