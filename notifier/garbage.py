"""How often does the collector look through all that a process keeps for ever?

Modules, templates and compiled statements stay as long as the process. Looking through a hundred
thousand such objects for garbage, each time some hundred messages have come and gone, costs a
sender a tenth of its time. Frozen, they are not looked at again; new objects are, at intervals that
fit batches of hundreds.
"""

from __future__ import annotations

import gc

YOUNG = 20_000  # new objects until the young ones are looked through


def keep_what_is_there() -> None:
    """Look through all objects once more, then never again: the process is ready to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
