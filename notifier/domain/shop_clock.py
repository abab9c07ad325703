"""When was something, by our clock, that a shop says by its own?

A shop's clock may be minutes behind ours, and a report may come late; from one report the two
cannot be told apart. Ours is the clock by which stock was seen and messages left.
"""

from __future__ import annotations

from datetime import datetime, timedelta

AGREES = timedelta(minutes=1)  # reported within it, a time is what it says
MOST_BEHIND = timedelta(minutes=15)  # what is reported later than that was late on its way


def at_the_latest(said: datetime, heard: datetime | None) -> datetime:
    """When it was, or somewhat later, never earlier where the clock is up to `MOST_BEHIND` behind.

    `heard` None: nobody knows, so it is what was said.
    """
    if heard is None or not AGREES < heard - said <= MOST_BEHIND:
        return said
    return heard
