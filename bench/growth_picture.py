"""What does a message cost and how much memory does it take, against the size of a release? SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, log10

from bench.contest import Line
from bench.drawing import dot, legend, line, picture, rungs, text

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 360, 240, 66, 96, 84
_NUMBER = re.compile(r"[\d,]+")
_STEPS = (1, 2, 5)

Point = tuple[int, float, str]  # messages, figure, database


def as_svg(lines: Sequence[Line], *, most_cpu: float, most_memory: float) -> str | None:
    """Two panels, each with its goal as a line; None: nothing was measured."""
    cpu, memory = _points(lines, "cpu_us"), _points(lines, "peak_mb")
    if not cpu or not memory:
        return None
    parts = [
        text(20, 32, "A sender as the release grows", kind="title"),
        text(
            20, 54, "messages in the release; the line is the goal, below is better", kind="quiet"
        ),
        *legend(_LEFT + 2 * _WIDTH + _GAP - 150, 32),
        *_panel(cpu, x=_LEFT, title="CPU a message", unit="µs", goal=most_cpu),
        *_panel(memory, x=_LEFT + _WIDTH + _GAP, title="most memory", unit="MB", goal=most_memory),
    ]
    width, height = _LEFT + 2 * _WIDTH + _GAP + 24, _TOP + _HEIGHT + 44
    title = "CPU a message and most memory of a sender against the size of the release"
    return picture(parts, width=width, height=height, title=title)


def _points(lines: Sequence[Line], name: str) -> list[Point]:
    found: dict[tuple[str, int], float] = {}
    for one in lines:
        if one.benchmark != "growth" or name not in one.extra or name not in one.floor_extra:
            continue
        found[one.database, _count(one.subject)] = one.extra[name]
        found.setdefault((one.database, _count(one.floor)), one.floor_extra[name])
    return sorted((count, value, database) for (database, count), value in found.items())


def _count(words: str) -> int:
    found = _NUMBER.search(words)
    return int(found[0].replace(",", "")) if found else 0


def _panel(points: Sequence[Point], *, x: float, title: str, unit: str, goal: float) -> list[str]:
    most = round_up(max(goal, *(value for _, value, _ in points)) * 1.1)
    counts = [count for count, _, _ in points]
    first, last = floor(log10(min(counts))), ceil(log10(max(counts)))
    last = max(last, first + 1)

    def along(count: float) -> float:
        return x + _WIDTH * (log10(count) - first) / (last - first)

    def down(value: float) -> float:
        return _TOP + _HEIGHT * (1 - value / most)

    parts = [text(x, _TOP - 14, title, kind="head")]
    parts += rungs(most, x=x, width=_WIDTH, down=down, unit=unit)
    for power in range(first, last + 1):
        words = f"{10**power:,}"
        parts.append(
            text(along(10**power), _TOP + _HEIGHT + 22, words, kind="quiet", anchor="middle")
        )
    parts.append(line((x, down(goal)), (x + _WIDTH, down(goal)), kind="rule"))
    parts.append(text(x + _WIDTH, down(goal) - 6, f"{goal:g} {unit}", kind="small", anchor="end"))
    for database in ("sqlite", "postgres"):
        parts += _series([one for one in points if one[2] == database], along, down, goal, unit)
    return parts


def _series(
    points: Sequence[Point],
    along: Callable[[float], float],
    down: Callable[[float], float],
    goal: float,
    unit: str,
) -> list[str]:
    parts = [
        line(
            (along(one[0]), down(one[1])), (along(two[0]), down(two[1])), kind="other-line", width=2
        )
        for one, two in pairwise(points)
    ]
    for count, value, database in points:
        kind = "good" if value <= goal else "short"
        about = f"{count:,} messages, {value:,.0f} {unit}"
        parts.append(dot(along(count), down(value), database=database, kind=kind, about=about))
    return parts


def round_up(value: float) -> float:
    """The next round number."""
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (*_STEPS, 10) if step * power >= value)
