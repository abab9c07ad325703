"""May a whole look at a source be believed, and is what follows from it abnormal?

Absence of an item is evidence only in a look that proved complete (trust RL-17, RL-18).
"""

from __future__ import annotations

from notifier.errors import LookFailed


def refuse_shrunken(
    *, rows: int, last_rows: int | None, min_share: float, accepted: int | None = None
) -> None:
    """Raise LookFailed when a full look holds nothing, or far less than the last good one.

    `accepted` is a number of rows that a person has said is right.
    """
    if rows == 0:
        raise LookFailed("empty", "The source is readable but holds no items. Nothing was changed.")
    if last_rows is None or rows >= last_rows * min_share:
        return
    if accepted is not None and rows >= accepted * min_share:
        return
    raise LookFailed(
        "shrunken",
        f"The source holds {rows} items, the last good look had {last_rows}. Nothing was changed. "
        "If the smaller number is right, run `notifier poll` with --accept-smaller.",
    )


def is_abnormal(*, announcements: int, catalogue: int, share: float, count: int) -> bool:
    """True when one look would announce more than is plausible (a mass change, a lost setting)."""
    return announcements > max(count, share * catalogue)
