"""What is every benchmark given: databases, processes, a folder, somewhere to say how far it is?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.child import Children
from bench.contest import Line, Say
from bench.places import Place
from bench.sizes import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    folder: Path
    places: Sequence[Place]
    children: Children
    say: Say
    seeds: dict[tuple[int, str, int], str] = field(default_factory=dict)
    """Databases that more than one benchmark copies; see seeds.py."""
    pictures: dict[str, str] = field(default_factory=dict)
    """SVGs that a benchmark drew, by name."""
    absent: dict[str, str] = field(default_factory=dict)
    """Why a floor or a peer is not here, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """`question` is its heading in the result."""

    name: str
    question: str
    run: Callable[[Stage, Size], list[Line]]
