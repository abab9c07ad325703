"""How do a sender's next messages come to its desk while others leave, and stay its own?

By a thread beside the channel's and that of the book (book_batch.py): where one thread booked, took
and wrote in turn, the channel had nothing left to send before it was through. The thread that takes
messages also extends their leases, so that what is promised of all holds for those just taken.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Protocol

from notifier import journal
from notifier.journal import Journal
from notifier.services.beside import Beside
from notifier.services.claim import Claimed
from notifier.services.env import Env
from notifier.store import claims
from notifier.store.session import Transaction

FILL_EVERY = 0.25  # seconds between two looks whether there is room, when nobody says so


class Desk(Protocol):
    """What is to be filled."""

    def begin(self) -> bool:
        """Whether some are to be taken now; if so, `took` or `failed` follows."""
        ...

    def claim(self, tx: Transaction) -> Claimed: ...

    def took(self, claimed: Claimed) -> None:
        """They are ours: the transaction is committed."""
        ...

    def failed(self) -> None:
        """It is not known whether they are ours."""
        ...


class DeskFiller:
    """Fills the desk of one turn while its thread lives, as soon as it is told of room."""

    def __init__(self, env: Env, notes: Journal, desk: Desk) -> None:
        self._env = env
        self._notes = notes
        self._desk = desk
        self._renewed_at = time.monotonic()
        self.thread = Beside(self._look, name="desk", every=FILL_EVERY)

    def nudge(self) -> None:
        """There is room for more messages."""
        self.thread.nudge()

    def _look(self) -> None:
        if self._desk.begin():
            self._fill()
        pause = self._env.config.delivery.lease.total_seconds() / 3
        if time.monotonic() - self._renewed_at >= pause:
            self._renew()
            self._renewed_at = time.monotonic()

    def _fill(self) -> None:
        try:
            claimed = self._env.db.retry(self._desk.claim, tries=1)
        except BaseException:
            self._desk.failed()
            raise
        self._desk.took(claimed)

    def _renew(self) -> None:
        """Extend the leases, unless it is too late: then they may have gone to somebody else."""
        since = journal.boot_seconds()
        lease: timedelta = self._env.config.delivery.lease
        owner = self._notes.owner
        self._env.db.retry(
            lambda tx: claims.extend_lease(tx, owner=owner, now=self._env.now(), lease=lease),
            tries=2,
        )
        if not self._notes.is_over:
            self._notes.promise(lease, since=since)
