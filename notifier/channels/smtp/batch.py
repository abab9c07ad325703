"""How do several connections share one batch of letters, and when does one of them stop?

A connection that breaks costs at most the letter on it, and is replaced. A server that says "not
now" (421, or 4xx to MAIL), that lets no one in, or on which three letters in a row broke, is left
alone: that thread stops, and what then nobody has tried goes back to the caller.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Protocol

import structlog

from notifier.channels.base import Blame, Letter, NotePhase, Outcome, Phase, Result
from notifier.channels.smtp.addresses import BadAddress
from notifier.channels.smtp.classify import shorten
from notifier.channels.smtp.mime import Mail
from notifier.channels.smtp.opening import OpeningFailed
from notifier.channels.smtp.session import Session
from notifier.clock import Clock

__all__ = ["Batch", "Build", "Sessions", "Worker", "WorkerEnded"]

_log = structlog.get_logger(__name__)

BROKEN_IN_A_ROW = 3

Build = Callable[[Letter], Mail]


class Sessions(Protocol):
    """Where a worker gets its connections. Used by several threads."""

    def take(self) -> Session: ...

    def give_back(self, session: Session) -> None: ...


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """A thread has stopped. `error` is a fault of our own that the caller must see."""

    error: BaseException | None = None


class Batch:
    """The letters of one call, shared by its threads."""

    def __init__(self, letters: Sequence[Letter], note: NotePhase) -> None:
        self.events: SimpleQueue[tuple[Letter, Result] | WorkerEnded] = SimpleQueue()
        self.refused_senders: dict[str, Result] = {}
        self.answered = False
        self.failure: Result | None = None
        self._waiting = deque(letters)
        self._note = note
        self._lock = threading.Lock()
        self._stopped = False

    def has_more(self) -> bool:
        return bool(self._waiting) and not self._stopped

    def take(self) -> Letter | None:
        with self._lock:
            return self._waiting.popleft() if self.has_more() else None

    def stop(self) -> None:
        """Hand out nothing more. What is under way is finished."""
        self._stopped = True

    def note_hand_over(self, letter: Letter) -> None:
        with self._lock:  # several connections may be at their dot at the same time
            self._note(letter.message_id, Phase.HANDED_OVER)

    def hand_back(self) -> Iterator[tuple[Letter, Result]]:
        """What nobody could try, with the reason. Only for when all threads have ended."""
        while (letter := self.take()) is not None:
            if self.failure is None:
                raise AssertionError("Every connection ended early and none said why.")
            yield letter, self.failure


class Worker:
    """One thread and the connection it sends over."""

    def __init__(
        self, batch: Batch, *, sessions: Sessions, build: Build, clock: Clock, first: Session | None
    ) -> None:
        self._batch = batch
        self._sessions = sessions
        self._build = build
        self._clock = clock
        self._session = first
        self._broken = 0

    def run(self) -> None:
        error: BaseException | None = None
        try:
            self._send_letters()
        except OpeningFailed as failure:
            self._batch.failure = failure.result
        except BaseException as problem:  # noqa: BLE001 - raised again in the caller's thread
            error = problem
            self._batch.stop()
        finally:
            if self._session is not None:
                self._sessions.give_back(self._session)
            self._batch.events.put(WorkerEnded(error))

    def _send_letters(self) -> None:
        while self._batch.has_more():
            session = self._ready_session()  # before a letter is taken: it may fail
            letter = self._batch.take()
            if letter is None:
                return
            try:
                result = self._try(letter, session)
            except OpeningFailed as failure:
                self._batch.events.put((letter, failure.result))
                raise
            self._batch.events.put((letter, result))
            if self._should_stop(result):
                return

    def _ready_session(self) -> Session:
        if self._session is not None:
            if not self._session.is_worn_out:
                return self._session
            worn_out, self._session = self._session, None
            worn_out.close()
        self._session = self._sessions.take()
        return self._session

    def _try(self, letter: Letter, session: Session) -> Result:
        mail = self._prepare(letter)
        if isinstance(mail, Result):
            return mail
        refused = self._batch.refused_senders.get(mail.sender_group)
        if refused is not None:
            return refused
        result = self._transmit(letter, mail, session)
        if session.had_gone:
            result = self._transmit(letter, mail, self._ready_session())
        if result.blame is Blame.CONFIG:
            self._batch.refused_senders[mail.sender_group] = result
        return result

    def _transmit(self, letter: Letter, mail: Mail, session: Session) -> Result:
        return session.transmit(mail, hand_over=lambda: self._batch.note_hand_over(letter))

    def _prepare(self, letter: Letter) -> Mail | Result:
        if letter.not_after is not None and self._clock() >= letter.not_after:
            text = "The letter was stale when its turn came."
            return Result(outcome=Outcome.REFUSED, code="stale", detail=text)
        try:
            return self._build(letter)
        except BadAddress as problem:
            text = shorten(str(problem))
            return Result(
                outcome=Outcome.REFUSED, blame=Blame.ADDRESS, code="bad address", detail=text
            )
        except Exception as problem:  # noqa: BLE001 - one bad letter must not stop the others
            _log.exception("A letter cannot be made into a mail", message_id=letter.message_id)
            text = f"The letter cannot be made into a mail: {type(problem).__name__}: {problem}"
            return Result(
                outcome=Outcome.TRY_LATER, blame=Blame.OURS, code="not a mail", detail=shorten(text)
            )

    def _should_stop(self, result: Result) -> bool:
        if self._session is not None and self._session.is_usable:
            self._broken = 0
            self._batch.answered = True
            return False
        self._broken += 1
        sent_away = result.blame is Blame.TRANSPORT and result.code[:1] == "4"
        if not sent_away and self._broken < BROKEN_IN_A_ROW:
            return False
        self._batch.failure = replace(
            result, outcome=Outcome.TRY_LATER, blame=Blame.TRANSPORT, provider_id=""
        )
        return True
