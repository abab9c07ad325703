"""Which kinds of work does a transaction leave behind for others to do?"""

from __future__ import annotations

from enum import StrEnum


class Work(StrEnum):
    """The rows say what is to be done; these words only say where to look, and soon."""

    ANNOUNCE = "announce"  # there is an event that nobody has been told of
    DELIVER = "deliver"  # there are messages in the outbox
