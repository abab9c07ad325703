"""How are numbers over time drawn: as SVG made here, read aloud as a table, light or dark by CSS?

No script and no library: a bar or a line is a few lines of text, and the page's policy stays
strict. Every drawing comes with its figures as a table, for screen readers and for who wants them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 24
SERIES = ("", "second", "third")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of values under the labels; None where nothing is known."""

    name: str
    values: Sequence[float | None]


def bars(
    labels: Sequence[str], *series: Series, title: str, table: str, height: int = HEIGHT
) -> Markup:
    """Bars, those of several series on top of each other. `table` names the table of figures."""
    totals = [sum(one.values[i] or 0 for one in series) for i in range(len(labels))]
    plot = _Plot(count=len(labels), most=max(totals, default=0), height=height)
    shapes: list[str] = []
    for i in range(len(labels)):
        base = 0.0
        for place, one in enumerate(series):
            value = one.values[i] or 0
            if value:
                low, high = plot.y(base), plot.y(base + value)
                shapes.append(
                    f'<rect class="bar {SERIES[place % 3]}" x="{plot.x(i) + plot.step * 0.12:.1f}" '
                    f'y="{high:.1f}" width="{max(plot.step * 0.76, 0.8):.1f}" '
                    f'height="{max(low - high, 0.5):.1f}" rx="{min(2, plot.step / 5):.1f}">'
                    f"<title>{_said(labels[i], one, value)}</title></rect>"
                )
            base += value
    return _framed(plot, labels, series, shapes, title=title, table=table)


def lines(
    labels: Sequence[str],
    *series: Series,
    title: str,
    table: str,
    stepped: bool = False,
    height: int = HEIGHT,
) -> Markup:
    """Lines; `stepped` where a value holds until the next one, as stock does."""
    known = [value for one in series for value in one.values if value is not None]
    plot = _Plot(count=len(labels), most=max(known, default=0), height=height)
    shapes = []
    for place, one in enumerate(series):
        for run in _runs(one.values):
            path = _path(plot, run, stepped=stepped)
            shapes.append(f'<path class="line {SERIES[place % 3]}" d="{path}"/>')
            if len(run) == 1:
                i, value = run[0]
                shapes.append(
                    f'<circle class="dot {SERIES[place % 3]}" cx="{plot.middle(i):.1f}" '
                    f'cy="{plot.y(value):.1f}" r="3"/>'
                )
        shapes += [
            f'<rect x="{plot.x(i):.1f}" y="{TOP}" width="{plot.step:.1f}" '
            f'height="{plot.height - TOP - BOTTOM}" fill="transparent">'
            f"<title>{_said(labels[i], one, value)}</title></rect>"
            for i, value in enumerate(one.values)
            if value is not None and place == 0
        ]
    return _framed(plot, labels, series, shapes, title=title, table=table)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    count: int
    most: float
    height: int

    @property
    def step(self) -> float:
        return (WIDTH - LEFT - RIGHT) / max(self.count, 1)

    @property
    def ticks(self) -> list[float]:
        """Three to five round values from nought to above the highest."""
        most = max(self.most, 1)
        rough = most / 4
        power = 10 ** math.floor(math.log10(rough))
        step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough)
        step = max(step, 1) if most >= 1 else step
        return [step * i for i in range(math.ceil(most / step) + 1)]

    def x(self, i: int) -> float:
        return LEFT + i * self.step

    def middle(self, i: int) -> float:
        return self.x(i) + self.step / 2

    def y(self, value: float) -> float:
        inner = self.height - TOP - BOTTOM
        return TOP + inner * (1 - value / self.ticks[-1])


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The stretches of known values, each as (place, value)."""
    found: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((i, value))
    return [run for run in found if run]


def _path(plot: _Plot, run: Sequence[tuple[int, float]], *, stepped: bool) -> str:
    first, *rest = run
    parts = [f"M{plot.middle(first[0]):.1f} {plot.y(first[1]):.1f}"]
    for i, value in rest:
        parts.append(f"H{plot.middle(i):.1f}" if stepped else "")
        parts.append(
            f"V{plot.y(value):.1f}" if stepped else f"L{plot.middle(i):.1f} {plot.y(value):.1f}"
        )
    return "".join(parts)


def _framed(
    plot: _Plot,
    labels: Sequence[str],
    series: Sequence[Series],
    shapes: Sequence[str],
    *,
    title: str,
    table: str,
) -> Markup:
    grid = "".join(
        f'<line class="grid-line" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(tick)}</text>'
        for tick in plot.ticks
        for y in (plot.y(tick),)
    )
    every = max(1, math.ceil(len(labels) / 7))
    under = "".join(
        f'<text x="{plot.middle(i) if i else LEFT:.1f}" y="{plot.height - 6}" '
        f'text-anchor="{"middle" if i else "start"}" '
        f'class="{"second-label" if i // every % 2 else ""}">{escape(label)}</text>'
        for i, label in enumerate(labels)
        if i % every == 0
    )
    legend = ""
    if len(series) > 1:
        items = "".join(
            f'<li class="{SERIES[i % 3]}">{escape(one.name)}</li>' for i, one in enumerate(series)
        )
        legend = f'<ul class="legend" aria-hidden="true">{items}</ul>'
    return Markup(  # every part is a number or escaped
        f'<figure class="drawing"><svg class="chart" viewBox="0 0 {WIDTH} {plot.height}" '
        f'role="img" '
        f'aria-label="{escape(title)}">{grid}{"".join(shapes)}{under}</svg>{legend}'
        f"{_table(labels, series, title=title, name=table)}</figure>"
    )


def _table(labels: Sequence[str], series: Sequence[Series], *, title: str, name: str) -> str:
    head = "".join(f'<th scope="col" class="right">{escape(one.name)}</th>' for one in series)
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f'<td class="right figure">{_exact(one.values[i])}</td>' for one in series)
        + "</tr>"
        for i, label in enumerate(labels)
    )
    return (
        f'<details class="more small"><summary>{escape(name)}</summary><div class="scroll">'
        f'<table class="table"><caption class="hush">{escape(title)}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _said(label: str, series: Series, value: float) -> str:
    return f"{escape(label)}: {_exact(value)} {escape(series.name)}".strip()


def _exact(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            shown = value / (1e3 if letter == "k" else size)
            return f"{shown:.4g}{letter}"
    return f"{value:.4g}"
