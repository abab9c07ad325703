"""How near is each goal? One SVG on one scale: 1 is reached, to the right is better."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil, floor, log10

from bench.drawing import box, dot, legend, line, picture, text, text_in_parts
from bench.goal import Row, number

_LABEL, _CHART, _WORDS = 470, 330, 220
_TOP, _ROW, _HEAD = 92, 24, 30
_ASIDE = 3.5  # so that two marks in one place are seen
_WIDEST, _LEAST = 100.0, 0.01


def as_svg(rows: Sequence[Row]) -> str:
    """A row a part, with a mark for each database and the range over the rounds."""
    near = [row.nearness for row in rows if row.nearness is not None]
    first = floor(log10(max(_LEAST, min([*near, 0.5]))))
    last = ceil(log10(min(_WIDEST, max([*near, 2.0]))))
    scale = _Scale(first, max(last, 1))
    width = _LABEL + _CHART + _WORDS
    body: list[str] = []
    y = float(_TOP)
    for goal, group in groupby(rows, key=lambda row: row.goal):
        body.append(text(20, y + 20, goal, kind="head"))
        y += _HEAD
        for _, same in groupby(group, key=lambda row: row.key):
            body += _part(list(same), scale, y)
            y += _ROW
        y += 4
    height = int(y + 24)
    parts = [
        text(20, 32, "How near each goal is", kind="title"),
        text(20, 54, "1 is reached; to the right is better; powers of ten", kind="quiet"),
        *legend(_LABEL + _CHART - 150, 32),
        *_grid(scale, bottom=height - 16),
        *body,
    ]
    return picture(parts, width=width, height=height, title="How near each goal is; 1 is reached")


class _Scale:
    """From one power of ten to another."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def place(self, nearness: float) -> float:
        held = min(max(nearness, 10.0**self.first), 10.0**self.last)
        return _LABEL + _CHART * (log10(held) - self.first) / (self.last - self.first)


def _grid(scale: _Scale, *, bottom: float) -> list[str]:
    goal, top = scale.place(1), _TOP - 8
    parts = [box(goal, top, width=_LABEL + _CHART - goal, height=bottom - top, kind="zone")]
    for power in range(scale.first, scale.last + 1):
        x = scale.place(10.0**power)
        kind = "rule" if power == 0 else "grid"
        parts.append(line((x, top), (x, bottom), kind=kind))
        words = "the goal" if power == 0 else f"{10.0**power:g} ×"
        mark = "head" if power == 0 else "quiet"
        parts.append(text(x, top - 8, words, kind=mark, anchor="middle"))
    return parts


def _part(rows: Sequence[Row], scale: _Scale, y: float) -> list[str]:
    """One line: what it is, a mark for each database, the figures and what they should be."""
    middle = y + _ROW / 2
    first = rows[0]
    parts = [text(34, middle + 4, first.what, kind="small")]
    measured = [row for row in rows if row.nearness is not None]
    if not measured:
        parts.append(text(_LABEL + _CHART + 14, middle + 4, "not measured", kind="quiet"))
        return parts
    aside = {"sqlite": -_ASIDE, "postgres": _ASIDE} if len(measured) > 1 else {}
    for row in measured:
        parts += _marks(row, scale, middle + aside.get(row.database, 0))
    parts.append(text_in_parts(_LABEL + _CHART + 14, middle + 4, _figures(measured)))
    wanted = f"{'≤' if first.at_most else '≥'} {number(first.need, first.unit)}"
    if first.at_most and first.need == 0:
        wanted = "none"
    end = _LABEL + _CHART + _WORDS - 16
    parts.append(text(end, middle + 4, wanted, kind="quiet", anchor="end"))
    return parts


def _figures(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Each without its unit, in the colour that says whether it is enough."""
    parts: list[tuple[str, str]] = []
    for row in rows:
        parts += [(" · ", "quiet")] * bool(parts)
        said = number(row.value, row.unit).split(" ")[0].removesuffix("/s")
        parts.append((said, "good-text" if (row.nearness or 0) >= 1 else "short-text"))
    return parts


def _marks(row: Row, scale: _Scale, middle: float) -> list[str]:
    near = row.nearness or 0.0
    kind = "good" if near >= 1 else "short"
    parts: list[str] = []
    if row.lowest != row.highest and row.value:
        ends = (near * row.lowest / row.value, near * row.highest / row.value)
        if row.at_most:
            ends = (near * row.value / row.highest, near * row.value / row.lowest)
        low, high = (scale.place(one) for one in ends)
        parts.append(line((low, middle), (high, middle), kind=f"{kind}-line", width=2))
    about = f"{row.subject}: {row.figure}; {row.words}"
    parts.append(dot(scale.place(near), middle, database=row.database, kind=kind, about=about))
    return parts
