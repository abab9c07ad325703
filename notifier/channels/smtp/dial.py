"""How are connections opened while others carry letters?

Getting in takes some round trips, with waiting: a thread for each, gone when it is in or was
turned away.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from notifier.channels.smtp.opening import OpeningFailed
from notifier.channels.smtp.session import Session

__all__ = ["Dialer"]


class Dialer:
    """`open_session` may raise OpeningFailed. `wake` is called, by its thread, after each try."""

    def __init__(self, open_session: Callable[[], Session], *, wake: Callable[[], None]) -> None:
        self._open_session = open_session
        self._wake = wake
        self._done: deque[Session | BaseException] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self.under_way = 0

    def dial(self) -> None:
        """Begin to open one more."""
        threading.Thread(target=self._run, name="smtp", daemon=True).start()
        self.under_way += 1  # and not before: the system may have no thread to give

    def answers(self) -> list[Session | OpeningFailed]:
        """What came of the tries that have ended. Raises what was no fault of the server."""
        found: list[Session | OpeningFailed] = []
        while self._done:
            one = self._done.popleft()
            self.under_way -= 1
            if isinstance(one, BaseException) and not isinstance(one, OpeningFailed):
                raise one
            found.append(one)
        return found

    def close(self) -> None:
        """Hang up on those that nobody took, also on those still to come."""
        with self._lock:
            self._closed = True
        while self._done:
            one = self._done.popleft()
            if isinstance(one, Session):
                one.close()

    def _run(self) -> None:
        try:
            one: Session | BaseException = self._open_session()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            one = error
        with self._lock:
            if not self._closed:
                self._done.append(one)
                self._wake()
                return
        if isinstance(one, Session):
            one.close()
