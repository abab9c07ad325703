"""What is to be reached, and how near is it? One table, in one order, from what was measured.

A goal has parts; a part finds its lines by benchmark, subject and floor, and reads one figure of
them. Nothing passes or fails on it: a part says "reached", "0.23 of 1.0", or why it was not
measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bench import peers
from bench.contest import Line
from bench.goal import Row, number
from bench.table import rate_words
from bench.wanted import GOALS, Goal, Part

NOTHING = "not measured"


def goal_rows(lines: Sequence[Line], *, absent: Mapping[str, str]) -> list[Row]:
    """The table. `absent`: why a benchmark, a floor or a peer is not there, by its name."""
    rows: list[Row] = []
    for goal in GOALS:
        beside = peers.words(goal.peer, lines, absent)
        for part in goal.parts:
            found = _part_rows(goal, part, lines)
            if not found:
                why = _why_not(part, lines, absent)
                found = [_row(goal, part, words=f"{NOTHING}: {why}")]
            rows += found
        first = next(n for n, row in enumerate(rows) if row.goal == goal.text)
        rows[first] = _with_peer(rows[first], beside)
    return rows


def _part_rows(goal: Goal, part: Part, lines: Iterable[Line]) -> list[Row]:
    """The worst line on each database."""
    worst: dict[str, Row] = {}
    for line in lines:
        row = _measured(goal, part, line)
        if row is None or row.nearness is None:
            continue
        held = worst.get(line.database)
        if held is None or held.nearness is None or row.nearness < held.nearness:
            worst[line.database] = row
    return list(worst.values())


def _measured(goal: Goal, part: Part, line: Line) -> Row | None:
    fits = (
        line.benchmark == part.benchmark
        and re.search(part.subject, line.subject)
        and re.search(part.floor, line.floor)
    )
    values = _values(part, line) if fits else None
    if values is None:
        return None
    value, low, high = values
    return _row(
        goal,
        part,
        subject=line.subject,
        database=line.database,
        value=value,
        lowest=low,
        highest=high,
        floor=_floor(part, line),
        nearness=_nearness(part, value),
        words=_words(part, value),
    )


def _values(part: Part, line: Line) -> tuple[float, float, float] | None:
    """The figure, and its lowest and highest; None: the line has none."""
    if part.reads == "share":
        return line.share, line.lowest, line.highest
    if part.reads == "times":
        return 1 / line.share, 1 / line.highest, 1 / line.lowest
    if part.reads == "rate":
        return line.rate, line.rate, line.rate
    value = _derived(part, line)
    if value is None:
        found = [value for name, value in line.extra.items() if re.search(part.reads, name)]
        value = max(found, default=None)
    if value is None and part.reads == "refused":
        value = 0.0  # who counts them leaves out what there was none of
    return None if value is None else (value, value, value)


def _derived(part: Part, line: Line) -> float | None:
    if part.reads == "cpu_growth" and line.cpu_share:
        return 1 / line.cpu_share
    if part.reads == "doubles_share" and line.extra.get("allowed_doubles"):
        return line.extra["doubles_mails"] / line.extra["allowed_doubles"]
    return None


def _floor(part: Part, line: Line) -> str:
    """What it stands beside, with what that did."""
    if part.reads in ("share", "times", "rate"):
        return f"{line.floor}: {rate_words(line.floor_rate)}/s"
    found = [value for name, value in line.floor_extra.items() if re.search(part.reads, name)]
    return f"{line.floor}: {number(found[0], part.unit)}" if found else ""


def _nearness(part: Part, value: float) -> float:
    if not part.at_most:
        return value / part.need
    if part.need == 0:
        return 1.0 if value == 0 else 1 / (1 + value)
    return part.need / max(value, part.need / 1000)


def _words(part: Part, value: float) -> str:
    if _nearness(part, value) >= 1:
        return "reached"
    seen = number(value, "")
    if seen == number(part.need, ""):  # near, and not there
        seen = f"{value:.4g}"
    short = f"{seen} of {number(part.need, part.unit)}"
    if part.lesser and value >= part.lesser[0]:
        return f"{short}; reached {part.lesser[0]:g} {part.lesser[1]}"
    if part.lesser:
        return f"{short}, and of {part.lesser[0]:g} {part.lesser[1]}"
    return short


def _why_not(part: Part, lines: Sequence[Line], absent: Mapping[str, str]) -> str:
    for name in (part.benchmark, part.floor.lstrip("^"), part.what):
        for key, why in absent.items():
            if name and (key == name or key.startswith(name)):
                return why
    if not any(line.benchmark == part.benchmark for line in lines):
        return "not asked for in this run"
    return "nothing in this run looked at it"


def _row(goal: Goal, part: Part, **found: object) -> Row:
    return Row(
        key=part.key,
        goal=goal.text,
        what=part.what,
        unit=part.unit,
        need=part.need,
        at_most=part.at_most,
        **found,  # type: ignore[arg-type]
    )


def _with_peer(row: Row, words: str) -> Row:
    return replace(row, peer=words)
