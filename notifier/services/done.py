"""What did a click on a link do?"""

from __future__ import annotations

from enum import StrEnum


class Done(StrEnum):
    """What a click did."""

    CONFIRMED = "confirmed"
    ALREADY = "already"
    AVAILABLE = "available"  # confirmed, and it can be bought at this moment
    GONE = "gone"  # confirmed, and it will never come back
    ENDED = "ended"
    TOO_LATE = "too_late"
