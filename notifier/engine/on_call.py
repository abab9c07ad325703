"""How is a job run as soon as somebody asks for it, but not once for everybody who asks?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from notifier.log import log


class OnCall:
    """Runs `work` in a thread of its own when asked, never twice at once.

    Asked for during a run, it runs once more afterwards: the run under way may have looked before
    the asker's rows were there. Between two runs lie `pause` seconds, in which all who ask are
    answered by the same run.
    """

    def __init__(self, work: Callable[[], object], *, name: str, pause: float = 0.1) -> None:
        self._work = work
        self._pause = pause
        self._bell = threading.Condition()
        self._asked = False
        self._stopping = False
        self._thread = threading.Thread(target=self._live, name=f"on-call-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self) -> None:
        """One run that begins from now on, soon."""
        with self._bell:
            self._asked = True
            self._bell.notify()

    def stop(self) -> None:
        """No run begins any more."""
        with self._bell:
            self._stopping = True
            self._bell.notify()

    def join(self, *, until: float) -> bool:
        """Wait for a run under way until that instant of the monotonic clock; True: it ended."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until - time.monotonic()))
        return not self._thread.is_alive()

    def _live(self) -> None:
        while self._is_asked():
            try:
                self._work()
            except Exception:  # noqa: BLE001  who asks next must be answered
                log.exception("work on call failed")
            with self._bell:
                self._bell.wait_for(lambda: self._stopping, timeout=self._pause)

    def _is_asked(self) -> bool:
        """Wait to be asked; False when nothing is to be run any more."""
        with self._bell:
            self._bell.wait_for(lambda: self._asked or self._stopping)
            self._asked = False
            return not self._stopping
