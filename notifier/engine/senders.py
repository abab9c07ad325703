"""How do the senders of one process live: who wakes them, and when do they doze?

Each sender has a thread of its own. It sends while something is due; then it dozes until it is
woken or until its time is up, since rows also become due by themselves.

A provider that takes what is handed over and answers nothing can hold a sender for minutes, and so
all of them. Then one in reserve serves the other channels: no phone waits for a mail server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.rendering import Renderer
from notifier.services.deliver import Sender
from notifier.services.env import Env
from notifier.services.setting_effects import try_channels_again

STUMBLE = 1.0  # seconds until a sender that met trouble tries again
LOOK = 1.0  # seconds between two looks whether all are stuck
GATHER = 0.05  # seconds from one look that found nothing to the next, however often one is woken


class Senders:
    """`idle`: seconds between two looks when nothing is due. `on_more`: called by a sender that
    found as many messages as it takes at a time, so that there are probably more; without it
    another sender of this process is woken."""

    def __init__(
        self,
        env: Env,
        renderer: Renderer,
        *,
        count: int,
        idle: float,
        on_more: Callable[[], None] | None = None,
    ) -> None:
        self._env = env
        self._renderer = renderer
        self._count = count
        self._idle = idle
        self._on_more = on_more
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._answers = threading.Condition(self._lock)
        self._calls = 0  # how often they were woken
        self._answered = 0  # the last call after which one looked and was not swamped
        self._senders: list[Sender] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        if self._count:
            self._try_channels_again()
        for number in range(self._count):
            sender = Sender(self._env, self._renderer)
            thread = threading.Thread(
                target=self._send_on, args=(sender,), name=f"sender-{number}", daemon=True
            )
            self._senders.append(sender)
            self._threads.append(thread)
            thread.start()
        if self._count:
            reserve = threading.Thread(target=self._stand_by, name="reserve", daemon=True)
            self._threads.append(reserve)
            reserve.start()

    def _try_channels_again(self) -> None:
        try:
            try_channels_again(self._env)
        except StoreBusy as error:  # they are tried again after minutes in any case
            log.warning("channels not tried again: database busy", why=str(error))

    def wake(self) -> int:
        """Something is due: one of them looks. The number of this call, for
        `wait_until_answered`."""
        with self._lock:
            self._calls += 1
            self._news.notify()
            return self._calls

    def wait_until_answered(self, call: int, *, timeout: float) -> bool:
        """Until a sender has looked after this call and found less than it can take at once."""
        with self._lock:
            self._answers.wait_for(
                lambda: self._answered >= call or self._stopping.is_set(), timeout=timeout
            )
            return self._answered >= call

    def stop(self) -> None:
        """Take nothing new."""
        self._stopping.set()
        for sender in self._senders:
            sender.stop()
        with self._lock:
            self._news.notify_all()
            self._answers.notify_all()

    def join(self, *, until: float) -> bool:
        """Wait for what is under way until that instant of the monotonic clock; True: all ended."""
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _send_on(self, sender: Sender) -> None:
        """A sender's life: send while something is due, doze when not."""
        try:
            sender.get_ready()
        except Exception:  # noqa: BLE001  it is met again by whatever needs it
            log.exception("sender not ready")
        while not self._stopping.is_set():
            call = self._calls
            looked_at = time.monotonic()
            tried = self._send(sender)
            if tried is None:
                continue
            if tried >= self._env.config.delivery.batch:
                self._ask_for_help()
            else:
                self._answer(call)
            if not tried:
                self._doze(call, looked_at=looked_at)
        sender.close()

    def _send(self, sender: Sender, *, besides: Collection[str] = ()) -> int | None:
        """What became of `send_due`; None: it met trouble, and has waited a little."""
        try:
            return sender.send_due(besides=besides)
        except StoreBusy as error:
            log.warning("sender waits: database busy", why=str(error))
        except Exception:  # noqa: BLE001  a sender must outlive one bad batch
            log.exception("sender stumbled")
        self._stopping.wait(STUMBLE)
        return None

    def _stand_by(self) -> None:
        """The life of the one in reserve, who is there only when all others are stuck."""
        others, reserve = list(self._senders), None
        while not self._stopping.wait(LOOK):
            stuck = {one.stuck_in() for one in others}
            if "" in stuck:
                continue
            if reserve is None:
                log.warning("all senders wait for answers", channels=", ".join(sorted(stuck)))
                try:
                    reserve = Sender(self._env, self._renderer)
                except OSError as error:  # no room for its notes: perhaps soon
                    log.warning("nobody in reserve", why=str(error))
                    continue
                self._senders.append(reserve)
                if self._stopping.is_set():  # nobody may have told this one
                    break
            self._send(reserve, besides=stuck)
        if reserve is not None:
            reserve.close()

    def _ask_for_help(self) -> None:
        if self._on_more is not None:
            self._on_more()
        else:
            self.wake()

    def _answer(self, call: int) -> None:
        with self._lock:
            self._answered = max(self._answered, call)
            self._answers.notify_all()

    def _doze(self, call: int, *, looked_at: float) -> None:
        with self._lock:
            self._news.wait_for(
                lambda: self._calls > call or self._stopping.is_set(), timeout=self._idle
            )
        self._stopping.wait(max(0.0, looked_at + GATHER - time.monotonic()))
