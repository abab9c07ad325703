"""Which pictures does a run draw, and where do they go?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench import distances_picture, goals_picture, growth_picture, peers_picture
from bench.goals import goal_rows
from bench.record import Record
from bench.wanted import GOALS


def draw_all(
    record: Record, drawn: Mapping[str, str], folder: Path, *, prefix: str = ""
) -> list[Path]:
    """`drawn`: what benchmarks drew themselves, by name. The files."""
    lines = record.lines(record.parts)
    need = {part.key: part.need for goal in GOALS for part in goal.parts}
    made = {
        f"{prefix}goals": goals_picture.as_svg(goal_rows(lines, absent=record.absent)),
        f"{prefix}peers": peers_picture.as_svg(lines),
        f"{prefix}growth": growth_picture.as_svg(
            lines, most_cpu=need["cpu"], most_memory=need["memory"]
        ),
        f"{prefix}distances": distances_picture.as_svg(lines),
        **drawn,
    }
    files: list[Path] = []
    for name, svg in made.items():
        if svg is not None:
            file = folder / f"{name}.svg"
            file.write_text(svg, encoding="utf-8")
            files.append(file)
    return files
