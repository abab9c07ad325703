"""What is every engine able to do?"""

from __future__ import annotations

from typing import Protocol


class Engine(Protocol):
    """Runs the jobs and senders of this process until it is stopped."""

    def start(self) -> None:
        """Begin. Takes over at once what a dead predecessor on this machine left."""
        ...

    def stop(self, *, patience: float = 25) -> bool:
        """Take nothing new, finish what is handed over; True when all ended in time."""
        ...
