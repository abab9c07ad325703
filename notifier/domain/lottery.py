"""In which order is a drop told that is drawn by lot?

The order of SHA-256 of `seed:number`: whoever has the seed and the numbers can draw it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw(numbers: Iterable[int], *, seed: str) -> list[int]:
    """The same numbers in the order of the draw, whatever order they came in."""
    return sorted(set(numbers), key=lambda number: (_lot(number, seed=seed), number))


def _lot(number: int, *, seed: str) -> bytes:
    return hashlib.sha256(f"{seed}:{number}".encode()).digest()
