"""What is kept of a run: each benchmark's lines, with its size, when, how busy it was, how long?

docs/performance.json holds the last one. A run of some benchmarks replaces their lines and leaves
the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.contest import Line

_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One benchmark. `at`: a date; `busy`: the load before it began; `seconds` it took."""

    size: str
    at: str
    busy: float
    seconds: float
    lines: tuple[Line, ...] = ()


@dataclass(slots=True, kw_only=True)
class Record:
    """`machine`: on what. `absent`: why something is not in it, by its name."""

    machine: Mapping[str, str]
    parts: dict[str, Part] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def lines(self, names: Iterable[str]) -> list[Line]:
        """Of the benchmarks, in that order."""
        return [line for name in names if name in self.parts for line in self.parts[name].lines]


def load(path: Path) -> Record | None:
    """None: there is no such file, or no such record in it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        parts = {
            name: Part(**{**part, "lines": tuple(Line(**line) for line in part["lines"])})
            for name, part in found["parts"].items()
        }
        return Record(machine=found["machine"], parts=parts, absent=found["absent"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def merged(before: Record | None, now: Record, names: Iterable[str]) -> Record:
    """What was measured now, and of what else is still measured, what was known before."""
    if before is None:
        return now
    kept = {name: before.parts[name] for name in names if name in before.parts}
    gone = {key: why for key, why in before.absent.items() if key not in now.parts}
    return Record(machine=now.machine, parts={**kept, **now.parts}, absent={**gone, **now.absent})


def as_json(record: Record, **more: Any) -> str:
    """A figure has as many digits as mean something. `more`: what else is to stand in it."""
    whole = {**asdict(record), **more}
    return json.dumps(_rounded(whole), indent=1, ensure_ascii=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return value
