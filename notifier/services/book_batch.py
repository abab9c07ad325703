"""How are leases kept and results booked while a channel works?

By a thread beside the sender's, so that noting an answer never waits for the database. When the
database takes no results, the next hand-over waits and then does not happen: nothing is sent that
cannot be recorded (trust RL-28).
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from notifier import journal
from notifier.channels.base import Result
from notifier.errors import StoreBusy
from notifier.journal import Journal
from notifier.log import log
from notifier.services.book_result import book_result
from notifier.services.env import Env
from notifier.store import outbox
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

BOOK_EVERY = 0.25  # seconds between two bookings while a batch is being sent
BOOK_AT = 50
MOST_UNBOOKED = 200
PATIENCE = 10.0  # seconds a hand-over waits for the database


class BatchBook:
    """The results of one batch. `add` and `wait_for_room` may be called from any thread."""

    def __init__(self, env: Env, notes: Journal) -> None:
        self.booked = 0
        self._env = env
        self._notes = notes
        self._unbooked: list[tuple[MessageRow, Result]] = []
        self._changed = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._keep, name="book", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._done = True
            self._changed.notify_all()
        self._thread.join()

    def add(self, message: MessageRow, result: Result) -> None:
        with self._changed:
            self._unbooked.append((message, result))
            if len(self._unbooked) >= BOOK_AT:
                self._changed.notify_all()

    def wait_for_room(self) -> bool:
        """Wait while too much is unbooked; False when it stays so."""
        if len(self._unbooked) < MOST_UNBOOKED:
            return True
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self._unbooked) < MOST_UNBOOKED, timeout=PATIENCE
            )

    def book_rest(self) -> None:
        """Book what is left. Raises StoreBusy; then nothing is lost, it stands in the journal."""
        self._book(tries=4)

    def _keep(self) -> None:
        pause = self._env.config.delivery.lease.total_seconds() / 3
        renewed_at = time.monotonic()
        while not self._wait():
            try:
                self._book(tries=1)
                if time.monotonic() - renewed_at >= pause:
                    self._renew()
                    renewed_at = time.monotonic()
            except StoreBusy as error:
                log.warning("results wait: database busy", why=str(error))
            except Exception:  # noqa: BLE001  the sender's own booking meets it again
                log.exception("results cannot be booked now")
                self._wait(timeout=1.0)

    def _wait(self, timeout: float = BOOK_EVERY) -> bool:
        """Until there is enough to book, or some time went by. True at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._done or len(self._unbooked) >= BOOK_AT, timeout=timeout
            )
            return self._done

    def _book(self, *, tries: int) -> None:
        todo = self._unbooked[:]
        if not todo:
            return
        # whoever locks many order lines does so by their ids: no deadlock
        ordered = sorted(todo, key=lambda one: (one[0].order_line_id or 0, one[0].id))

        def work(tx: Transaction) -> None:
            for message, result in ordered:
                book_result(self._env, tx, message, message.attempt_no + 1, result)

        self._env.db.retry(work, tries=tries)
        with self._changed:
            del self._unbooked[: len(todo)]
            self.booked += len(todo)
            self._changed.notify_all()

    def _renew(self) -> None:
        """Extend the leases, unless it is too late: then they may have gone to somebody else."""
        since = journal.boot_seconds()
        lease: timedelta = self._env.config.delivery.lease
        owner = self._notes.owner
        self._env.db.retry(
            lambda tx: outbox.extend_lease(tx, owner=owner, now=self._env.now(), lease=lease),
            tries=2,
        )
        if not self._notes.is_over:
            self._notes.promise(lease, since=since)
