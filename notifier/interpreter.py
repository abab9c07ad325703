"""What does a process that serves for days ask of the interpreter?

Not to look through all that it keeps for ever. Modules, templates and compiled statements stay as
long as the process. Looking through a hundred thousand such objects for garbage, each time some
hundred messages have come and gone, costs a sender a tenth of its time. Frozen, they are not looked
at again; new objects are, at intervals that fit batches of hundreds.

And to let threads take turns sooner. After each wait for the network a thread stands in line for as
long as another computes, five milliseconds by default. Meanwhile the mail server has nothing to do,
and a visitor waits.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 20_000  # new objects until the young ones are looked through
SHORT_TURN = 0.0005  # seconds one thread computes while another could go on


def keep_what_is_there() -> None:
    """Look through all objects once more, then never again: the process is ready to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let each thread go on soon after what it waited for has come."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SHORT_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
