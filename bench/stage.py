"""What is every benchmark given: databases, processes, a folder, somewhere to say how far it is?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """`question` is its heading in the result."""

    name: str
    question: str
    run: Callable[[Stage, Size], list[Line]]
