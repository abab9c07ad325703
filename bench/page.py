"""Who writes docs/performance.md? A run, from what it measured; what explains it is in page.md.

In page.md `<!-- goals -->` stands for the table of goals, `<!-- machine -->` for what it was
measured on, and `<!-- NAME -->` for the lines of a benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.contest import Line
from bench.goal import Row
from bench.goals import goal_rows
from bench.record import Part, Record
from bench.table import extra_words, rate_words, share_words

TEMPLATE = Path(__file__).with_name("page.md")
_PLACE = re.compile(r"<!-- ([a-z-]+) -->")
_DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def as_page(record: Record, questions: Mapping[str, str]) -> str:
    """The whole page. Raises ValueError where page.md names what is not measured at all, or
    leaves out what is."""
    template = TEMPLATE.read_text(encoding="utf-8")
    wanted = set(_PLACE.findall(template))
    if odd := wanted ^ {"goals", "machine", *questions}:
        raise ValueError(f"{TEMPLATE.name} and the benchmarks differ: {', '.join(sorted(odd))}")
    rows = goal_rows(record.lines(questions), absent=record.absent)

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name == "goals":
            return goals_table(rows)
        if name == "machine":
            return _machine(record.machine)
        part = record.parts.get(name)
        heading = f"### {questions[name]}\n\n"
        if part is None:
            return f"{heading}Not measured: {record.absent.get(name, 'not asked for in this run')}."
        return heading + _part(part)

    return _PLACE.sub(fill, template)


def goals_table(rows: Sequence[Row]) -> str:
    """As Markdown; a goal is named in its first line."""
    parts = [
        "| goal | figure | measured with | database | seen | reached? | floor; *other programs* |"
    ]
    parts.append("|---|---|---|---|---:|---|---|")
    headed = ""
    for row in rows:
        goal = f"**{row.goal}**" if row.goal != headed else ""
        headed = row.goal
        words = f"**{row.words}**" if row.words == "reached" else row.words
        beside = "; ".join(one for one in (row.floor, f"*{row.peer}*" if row.peer else "") if one)
        cells = (
            goal,
            row.what,
            row.subject or "–",
            _DATABASES.get(row.database, "–"),
            row.figure or "–",
            words,
            beside,
        )
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join(parts)


def _machine(machine: Mapping[str, str]) -> str:
    left_out = ("size", "busy before")  # each part has its own
    named = [f"{name}: {value}" for name, value in machine.items() if name not in left_out]
    return "; ".join(named) + "."


def _part(part: Part) -> str:
    """When and how it was measured, its table, and below it what else was seen."""
    parts = [
        f"Size `{part.size}`, {part.at}, load {part.busy:.1f} before it began, "
        f"{part.seconds:,.0f} s.",
        "",
        "| what | database | floor | product a second | floor a second | share |",
        "|---|---|---|---:|---:|---:|",
    ]
    for line in part.lines:
        parts.append(
            f"| {line.subject} | {_DATABASES.get(line.database, '–')} | {line.floor} "
            f"| {rate_words(line.rate)} | {rate_words(line.floor_rate)} | {_share(line)} |"
        )
    if seen := _seen(part.lines):
        parts += ["", "<details><summary>What else was seen</summary>", "", *seen, "", "</details>"]
    return "\n".join(parts)


def _share(line: Line) -> str:
    said = share_words(line.share)
    if line.lowest != line.highest:
        said += f" ({share_words(line.lowest)}–{share_words(line.highest)})"
    return said


def _seen(lines: Sequence[Line]) -> list[str]:
    seen: dict[tuple[str, str, str], str] = {}
    for line in lines:
        where = _DATABASES.get(line.database, "")
        about = f"{line.subject}{', ' if where else ''}{where}"
        if line.extra:
            seen[about, "", ""] = f"- {about}: {extra_words(line.extra)}"
        if line.floor_extra:
            said = f"- {about}, {line.floor}: {extra_words(line.floor_extra)}"
            seen[about, line.floor, "floor"] = said
    return list(seen.values())
