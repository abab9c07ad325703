"""How does a process hear that it is to end, and how does it end for sure?

Python runs a signal's handler in the main thread only, and a main thread that waits for a lock is
not woken when the system gives the signal to another thread. It does that with threads that are
just being started, the more often the busier the machine is. So nothing is done in a handler: the
system's own part of it writes the signal's number into a pipe, whichever thread it has stopped,
and a thread of ours reads that pipe (decision 0033).
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from notifier.log import log

ASKS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)
IN_ANY_STATE = 2.0  # seconds later also a process is ended in which no thread gets its turn
FORCED = 1  # the exit code then
ONE_PRESS = 0.5  # seconds; a Ctrl-C may arrive twice, and as SIGTERM too, through other programs
A_MOMENT = 0.2  # seconds in which the main thread has heard a signal that was given to it


@contextmanager
def hearing_the_end(asked: threading.Event, *, at_most: float) -> Iterator[None]:
    """`asked` is set when a signal asks the process to end. Main thread only.

    `at_most` seconds later the process is gone, with exit code 1 and a line in the log that says
    where it stood. A second Ctrl-C does not wait so long; a second SIGTERM changes nothing.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    heeded = tuple(one for one in ASKS if signal.getsignal(one) is not signal.SIG_IGN)  # nohup
    before = {number: signal.signal(number, _leave_it_to_the_pipe) for number in heeded}
    pipe_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(
        target=_watch, args=(reader, asked, at_most), name="ending", daemon=True
    ).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe_before)
        os.close(writer)
        for number, handler in before.items():
            signal.signal(number, handler)


def repeat_to_the_main_thread() -> None:
    """For a process whose main thread waits for a lock, and whose handlers are not ours: a signal
    that another thread got is given to the main one. Main thread only."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    main = threading.main_thread().ident

    def repeat() -> None:
        while octets := os.read(reader, 1):
            if octets[0] in ASKS and main is not None:
                time.sleep(A_MOMENT)
                signal.pthread_kill(main, octets[0])
                return

    threading.Thread(target=repeat, name="ending", daemon=True).start()


def _leave_it_to_the_pipe(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler writes nothing into the pipe."""


def _watch(reader: int, asked: threading.Event, at_most: float) -> None:
    """Read which signals come, and see to the end once one has asked for it."""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while not (heard := pipe.read(1)) or heard[0] not in ASKS:
            if not heard:
                return  # nobody listens any more
        asked.set()
        faulthandler.dump_traceback_later(at_most + IN_ANY_STATE, exit=True)
        until = time.monotonic() + at_most
        while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            heard = pipe.read(1)
            if not heard:
                return  # the service has ended; what is left is the interpreter's own end
            if heard[0] == signal.SIGINT and until - time.monotonic() < at_most - ONE_PRESS:
                log.warning("ends at once, as asked twice")
                os._exit(FORCED)
    log.error("did not end in time and is ended by force; the next one settles what is left")
    faulthandler.dump_traceback(all_threads=True)  # where it stood
    os._exit(FORCED)
