"""From what distance of the mail server on is the product quicker than the C client? SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log

from bench.contest import Line
from bench.drawing import dot, line, picture, rungs, text
from bench.growth_picture import round_up

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT = 560, 250, 76, 92, 150
_DELAY = re.compile(r"([\d.]+) ms an answer")

Point = tuple[float, float]  # milliseconds, letters a second


def as_svg(lines: Sequence[Line]) -> str | None:
    """Two lines over the time an answer takes; None: fewer than two distances were measured."""
    found = [(one, _DELAY.search(one.subject)) for one in lines if one.benchmark == "distances"]
    ours = sorted((float(delay[1]), one.rate) for one, delay in found if delay)
    theirs = sorted((float(delay[1]), one.floor_rate) for one, delay in found if delay)
    if len(ours) < 2:
        return None
    name = found[0][0].floor
    most = round_up(max(rate for _, rate in (*ours, *theirs)) * 1.05)
    first, last = log(ours[0][0]), log(ours[-1][0])

    def along(delay: float) -> float:
        return _LEFT + _WIDTH * (log(delay) - first) / (last - first)

    def down(rate: float) -> float:
        return _TOP + _HEIGHT * (1 - rate / most)

    parts = [
        text(20, 32, "Letters a second, by how far away the mail server is", kind="title"),
        text(
            20, 54, "milliseconds that each of its answers takes, over 16 connections", kind="quiet"
        ),
    ]
    parts += rungs(most, x=_LEFT, width=_WIDTH, down=down)
    for delay, _ in ours:
        words = f"{delay:g} ms"
        parts.append(text(along(delay), _TOP + _HEIGHT + 22, words, kind="quiet", anchor="middle"))
    parts += _series(theirs, along, down, kind="other", name=name)
    parts += _series(ours, along, down, kind="good", name="notifier")
    size = {"width": _LEFT + _WIDTH + _RIGHT, "height": _TOP + _HEIGHT + 44}
    return picture(parts, title="Letters a second by the time an answer takes", **size)


def _series(
    points: Sequence[Point],
    along: Callable[[float], float],
    down: Callable[[float], float],
    *,
    kind: str,
    name: str,
) -> list[str]:
    at = [(along(delay), down(rate)) for delay, rate in points]
    parts = [line(one, two, kind=f"{kind}-line", width=2.5) for one, two in pairwise(at)]
    for (x, y), (delay, rate) in zip(at, points, strict=True):
        about = f"{name}: {rate:,.0f} a second at {delay:g} ms"
        parts.append(dot(x, y, database="", kind=kind, about=about, size=5))
    words = "good-text" if kind == "good" else "quiet"
    return [*parts, text(at[-1][0] + 12, at[-1][1] + 4, name, kind=words)]
