"""How is something done beside what a thread is busy with: when there is need, and now and then?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from notifier.errors import StoreBusy
from notifier.log import log


class Beside:
    """Runs `work` in a thread of its own while it is open: when nudged, and every so many seconds.

    Never twice at once. What `work` raises is logged; it is tried again the next time.
    """

    def __init__(self, work: Callable[[], object], *, name: str, every: float) -> None:
        self._work = work
        self._name = name
        self._every = every
        self._nudged = threading.Event()
        self._is_over = False
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._nudged.set()
        self._thread.join()

    def nudge(self) -> None:
        """From any thread: there is something to do."""
        self._nudged.set()

    def _live(self) -> None:
        while True:
            self._nudged.wait(self._every)
            self._nudged.clear()
            if self._is_over:
                return
            try:
                self._work()
            except StoreBusy as error:
                log.warning("a sender waits: database busy", thread=self._name, why=str(error))
            except Exception:  # noqa: BLE001  the sender itself meets it again at the end of its turn
                log.exception("a sender stumbled", thread=self._name)
