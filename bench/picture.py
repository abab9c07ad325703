"""How does the result look as bars? One SVG; the right edge of the scale is the fastest share."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10

from bench.contest import Line
from bench.table import share_words

_LABEL, _CHART, _ROW, _TOP = 400, 420, 26, 58
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f23}.quiet{fill:#57606a}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}}"
)


def as_svg(lines: Sequence[Line]) -> str:
    """Bars of the shares on a scale in powers of ten, with the range over the rounds."""
    scale = _Scale(lines)
    height = _TOP + _ROW * len(lines) + 16
    width = _LABEL + _CHART + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="Speed as a share of the floor">',
        f"<style>{_STYLE}</style>",
        '<text x="8" y="20">Speed as a share of the floor: 1 is as fast as can be</text>',
    ]
    for power in range(scale.lowest, scale.highest + 1):
        at = scale.place(10.0**power)
        parts.append(
            f'<line x1="{at:.1f}" y1="{_TOP - 8}" x2="{at:.1f}" y2="{height - 12}" '
            f'stroke="#8c959f" stroke-width="{2 if power == 0 else 0.5}"/>'
            f'<text class="quiet" x="{at:.1f}" y="{_TOP - 14}" text-anchor="middle">'
            f"{10.0**power:g}</text>"
        )
    parts += [_bar(line, scale, y=_TOP + _ROW * n) for n, line in enumerate(lines)]
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Scale:
    """From the power of ten below the lowest share to the one above the highest."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lowest = min(-1, *(floor(log10(line.lowest)) for line in lines))
        self.highest = max(0, *(-floor(-log10(line.highest)) for line in lines))

    def place(self, share: float) -> float:
        part = (log10(share) - self.lowest) / (self.highest - self.lowest)
        return _LABEL + _CHART * part


def _bar(line: Line, scale: _Scale, *, y: int) -> str:
    end, middle = scale.place(line.share), y + 8
    title = f"{line.subject}{', ' + line.database if line.database else ''}"
    label = f"{title} ÷ {line.floor}"
    low, high = scale.place(line.lowest), scale.place(line.highest)
    return (
        f"<g><title>{escape(label)}: {share_words(line.share)}</title>"
        f'<text x="{_LABEL - 8}" y="{middle + 5}" text-anchor="end" '
        f'textLength="{min(_LABEL - 16, 6 * len(label))}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(label)}</text>"
        f'<rect x="{_LABEL}" y="{y}" width="{end - _LABEL:.1f}" height="16" fill="#1f7a5c"/>'
        f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" stroke="#d4a72c" '
        'stroke-width="2"/>'
        f'<text x="{max(end, high) + 6:.1f}" y="{middle + 5}">{share_words(line.share)}</text></g>'
    )
