"""How are results booked while a channel works?

By a thread beside the channel's, so that sending never waits for the database. When the database
takes no results, the next hand-over waits and then does not happen: nothing is sent that cannot be
recorded (trust RL-28).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from notifier.channels.base import Result
from notifier.services.beside import Beside
from notifier.services.book_result import book_results
from notifier.services.env import Env
from notifier.store.outbox import MessageRow

BOOK_EVERY = 0.25  # seconds between two bookings while a batch is being sent
BOOK_AT = 500
MOST_UNBOOKED = 1000
PATIENCE = 10.0  # seconds a hand-over waits for the database


class BatchBook:
    """The results of one turn. `add` and `wait_for_room` may be called from any thread."""

    def __init__(self, env: Env) -> None:
        self.booked = 0
        self._env = env
        self._unbooked: list[tuple[MessageRow, Result]] = []
        self._changed = threading.Condition()
        self.thread = Beside(lambda: self._book(tries=1), name="book", every=BOOK_EVERY)

    def add(self, message: MessageRow, result: Result) -> None:
        self.add_all([(message, result)])

    def add_all(self, results: Sequence[tuple[MessageRow, Result]]) -> None:
        with self._changed:
            self._unbooked += results
        if len(self._unbooked) >= BOOK_AT:
            self.thread.nudge()

    def wait_for_room(self, *, besides: int = 0) -> bool:
        """Wait while too much is unbooked; False when it stays so. `besides`: under way."""
        most = max(MOST_UNBOOKED - besides, 1)
        if len(self._unbooked) < most:
            return True
        self.thread.nudge()
        with self._changed:
            return self._changed.wait_for(lambda: len(self._unbooked) < most, timeout=PATIENCE)

    def book_rest(self) -> None:
        """Book what is left. Raises StoreBusy; then nothing is lost, it stands in the journal."""
        self._book(tries=4)

    def _book(self, *, tries: int) -> None:
        todo = self._unbooked[:]
        if not todo:
            return
        # whoever locks many order lines does so by their ids: no deadlock
        ordered = sorted(todo, key=lambda one: (one[0].order_line_id or 0, one[0].id))
        results = [(message, message.attempt_no + 1, result) for message, result in ordered]
        self._env.db.retry(lambda tx: book_results(self._env, tx, results), tries=tries)
        with self._changed:
            del self._unbooked[: len(todo)]
            self.booked += len(todo)
            self._changed.notify_all()
