"""How is a place in line said without promising what nobody knows?

As a range: people leave the line, others wait for any variant, and some are told by two ways.
"""

from __future__ import annotations

from itertools import pairwise

MOST = 10_000  # people in front; nobody need count further
_STEPS = (0, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, MOST)


def range_of(ahead: int) -> tuple[int, int | None]:
    """Between which two numbers so many people in front lie; (10,000, None) beyond the last."""
    if ahead < 0:
        raise ValueError(f"{ahead} people cannot wait in front.")
    for low, high in pairwise(_STEPS):
        if ahead < high:
            return low, high
    return _STEPS[-1], None
