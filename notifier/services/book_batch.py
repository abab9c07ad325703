"""How are leases kept, results booked and the next messages taken while a channel works?

By a thread beside the channel's, so that sending never waits for the database: one transaction
books what is finished and takes what is next. When the database takes no results, the next
hand-over waits and then does not happen: nothing is sent that cannot be recorded (trust RL-28).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from notifier import journal
from notifier.channels.base import Result
from notifier.errors import StoreBusy
from notifier.journal import Journal
from notifier.log import log
from notifier.services.book_result import book_results
from notifier.services.claim import Claimed
from notifier.services.env import Env
from notifier.store import claims
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

BOOK_EVERY = 0.25  # seconds between two bookings while a batch is being sent
BOOK_AT = 500
MOST_UNBOOKED = 1000
PATIENCE = 10.0  # seconds a hand-over waits for the database


class Supply(Protocol):
    """Where more messages come from while others are being sent."""

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


class BatchBook:
    """The results of one turn. `add` and `wait_for_room` may be called from any thread."""

    def __init__(self, env: Env, notes: Journal, *, supply: Supply | None = None) -> None:
        self.booked = 0
        self._env = env
        self._notes = notes
        self._supply = supply
        self._unbooked: list[tuple[MessageRow, Result]] = []
        self._changed = threading.Condition()
        self._nudged = False
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
        self.add_all([(message, result)])

    def add_all(self, results: Sequence[tuple[MessageRow, Result]]) -> None:
        with self._changed:
            self._unbooked += results
            if len(self._unbooked) >= BOOK_AT:
                self._changed.notify_all()

    def nudge(self) -> None:
        """There is room for more messages."""
        with self._changed:
            self._nudged = True
            self._changed.notify_all()

    def wait_for_room(self, *, besides: int = 0) -> bool:
        """Wait while too much is unbooked; False when it stays so. `besides`: under way."""
        most = max(MOST_UNBOOKED - besides, 1)
        if len(self._unbooked) < most:
            return True
        with self._changed:
            self._changed.notify_all()
            return self._changed.wait_for(lambda: len(self._unbooked) < most, timeout=PATIENCE)

    def book_rest(self) -> None:
        """Book what is left. Raises StoreBusy; then nothing is lost, it stands in the journal."""
        self._supply = None
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
                log.exception("results cannot be booked")

    def _wait(self) -> bool:
        """Until there is something to do; whether the turn is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._done or self._nudged or len(self._unbooked) >= BOOK_AT,
                timeout=BOOK_EVERY,
            )
            self._nudged = False
            return self._done

    def _book(self, *, tries: int) -> None:
        todo = self._unbooked[:]
        supply = self._supply if self._supply is not None and self._supply.begin() else None
        if not todo and supply is None:
            return
        # whoever locks many order lines does so by their ids: no deadlock
        ordered = sorted(todo, key=lambda one: (one[0].order_line_id or 0, one[0].id))
        results = [(message, message.attempt_no + 1, result) for message, result in ordered]

        def work(tx: Transaction) -> Claimed | None:
            if results:
                book_results(self._env, tx, results)
            return supply.claim(tx) if supply is not None else None

        try:
            claimed = self._env.db.retry(work, tries=tries)
        except BaseException:
            if supply is not None:
                supply.failed()
            raise
        with self._changed:
            del self._unbooked[: len(todo)]
            self.booked += len(todo)
            self._changed.notify_all()
        if supply is not None and claimed is not None:
            supply.took(claimed)

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
