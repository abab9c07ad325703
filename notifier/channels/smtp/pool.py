"""How do many letters leave over several connections at once?

A thread per connection takes letters from one batch until it is empty. Connections stay open
between batches. A server that fails is left alone for a while (circuit), then probed by one
connection before the others follow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from notifier.channels.base import Blame, Letter, NotePhase, Outcome, Result
from notifier.channels.smtp.batch import Batch, Build, Worker, WorkerEnded
from notifier.channels.smtp.circuit import Circuit
from notifier.channels.smtp.opening import OpeningFailed
from notifier.channels.smtp.session import Session
from notifier.clock import Clock

__all__ = ["Pool"]


class Pool:
    """Connections to one server. `send` is for one thread at a time."""

    def __init__(
        self, *, open_session: Callable[[], Session], build: Build, size: int, clock: Clock
    ) -> None:
        self._build = build
        self._size = size
        self._clock = clock
        self._circuit = Circuit()
        self._sessions = _KeptSessions(open_session)

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once. Results come as they are known.

        `note` is called from the connections' threads, never by two at a time. If it raises, no
        dot is sent for that letter, the work stops, and the error is raised here.
        """
        if not letters:
            return
        refused = self._refuse_all()
        if refused is not None:
            for letter in letters:
                yield letter, refused
            return
        try:
            first = self._sessions.take()
        except OpeningFailed as failure:
            if failure.result.blame is Blame.TRANSPORT:
                self._circuit.note_failure(self._clock())
            for letter in letters:
                yield letter, failure.result
            return
        batch = Batch(letters, note)
        yield from self._send_batch(batch, first, threads=min(self._size, len(letters)))
        if batch.answered:
            self._circuit.note_success()
        elif batch.failure is not None and batch.failure.blame is Blame.TRANSPORT:
            self._circuit.note_failure(self._clock())

    def close(self) -> None:
        """Hang up. The pool can be used again afterwards."""
        self._sessions.close()

    def _refuse_all(self) -> Result | None:
        wait = self._circuit.wait_at(self._clock())
        if not wait:
            return None
        return Result(
            outcome=Outcome.TRY_LATER,
            blame=Blame.TRANSPORT,
            code="circuit open",
            detail="The mail server failed repeatedly and is left alone for a while.",
            retry_after=wait,
        )

    def _send_batch(
        self, batch: Batch, first: Session, *, threads: int
    ) -> Iterator[tuple[Letter, Result]]:
        running = [
            self._start_worker(batch, first if number == 0 else None) for number in range(threads)
        ]
        errors: list[BaseException] = []
        try:
            for _ in running:
                while not isinstance(event := batch.events.get(), WorkerEnded):
                    yield event
                if event.error is not None:
                    errors.append(event.error)
            yield from batch.hand_back()
        finally:
            batch.stop()  # the caller may stop reading early: finish what is under way, no more
            for thread in running:
                thread.join()
        if errors:
            raise errors[0]

    def _start_worker(self, batch: Batch, first: Session | None) -> threading.Thread:
        worker = Worker(
            batch, sessions=self._sessions, build=self._build, clock=self._clock, first=first
        )
        thread = threading.Thread(target=worker.run, daemon=True, name="smtp")
        thread.start()
        return thread


class _KeptSessions:
    """Open connections between two batches."""

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._idle: list[Session] = []
        self._lock = threading.Lock()

    def take(self) -> Session:
        """One left over that still answers, else a new one. Raises OpeningFailed."""
        while (session := self._pop()) is not None:
            if not session.is_worn_out and session.reset():
                return session
            session.close()
        return self._open_session()

    def give_back(self, session: Session) -> None:
        if session.is_worn_out:
            session.close()
            return
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        while (session := self._pop()) is not None:
            session.close()

    def _pop(self) -> Session | None:
        with self._lock:
            return self._idle.pop() if self._idle else None
