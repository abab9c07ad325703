"""What lies on a sender's desk while one channel has its turn?

The channel's thread takes letters and leaves results; the thread of the book (book_batch.py) puts
new letters there before it is empty. A turn ends when nothing is due any more, when the sender
stops, or after some seconds if others wait for theirs: then every result is booked and the journal
can be emptied.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from notifier.channels.base import Blame, Letter, Outcome, Result
from notifier.errors import StoreBusy
from notifier.journal import Journal
from notifier.log import log
from notifier.metrics import SENT
from notifier.metrics import UNWRITABLE as NOT_WRITTEN
from notifier.services.book_batch import BatchBook
from notifier.services.book_result import NOT_WANTED, UNWRITABLE
from notifier.services.claim import Claimed
from notifier.services.env import Env
from notifier.services.last_look import LastLook
from notifier.services.settle import result_as_note
from notifier.store.outbox import MessageRow
from notifier.store.patience import make_way
from notifier.store.session import Transaction

TURN = 2.0  # seconds until the other channels of this sender have theirs, if something is due there
SLOW_TURN = 1.0  # of a channel that carries one message after another
LONGEST_TURN = 10.0  # then the journal is emptied
HELD_UP = 1.0  # seconds without news of the few that are left; then others leave beside them
MOST_IN_A_TURN = 100_000  # messages; so long a journal is read in a second
QUICK = 0.5  # a batch that is gone sooner was too small,
SLOW = 1.0  # one that takes longer keeps a confirmation waiting that comes meanwhile
FIRST_SIZE = 64
SLOW_SIZE = 8  # to begin with, where one message follows another


class Held(Exception):
    """Not handed over, because we stop or cannot record what would come of it."""


@dataclass(slots=True)
class BatchSize:
    """How many messages of a channel are taken at a time, now, and whose turn it is."""

    now: int
    after_release: int = 0
    is_quick: bool = False

    def few(self, *, is_server: bool) -> int:
        """With so many left the next are taken. A database server is waited for as long as a quick
        batch lasts, so it is asked a whole one ahead; SQLite computes in this process, and asked
        sooner it would only be in the way (decision 0063)."""
        return self.now if self.is_quick and is_server else self.now // 2

    def note(self, seconds: float, *, most: int) -> None:
        """So long a whole batch takes to leave."""
        self.is_quick = seconds < QUICK
        if self.is_quick:
            self.now = min(self.now * 2, most)
        elif seconds > SLOW:
            self.now = max(self.now // 2, 1)


class Turn:
    """The desk (channels/base.py) and the supply (book_batch.py) of one channel's turn.

    `write` makes letters of claimed messages and gives what could not be written, with why.
    `may_go_on`: whether no other channel waits for its turn, and this one may still send.
    `many_at_once`: whether letters leave while others are still under way.
    """

    def __init__(
        self,
        env: Env,
        notes: Journal,
        *,
        channel: str,
        size: BatchSize,
        claim: Callable[[Transaction, int, int], Claimed],
        write: Callable[[Claimed], tuple[list[Letter], list[tuple[MessageRow, str]]]],
        is_stopped: Callable[[], bool],
        is_paused: Callable[[], bool],
        wake: Callable[[], None],
        may_go_on: Callable[[Transaction], bool],
        seconds: float = TURN,
        many_at_once: bool = False,
    ) -> None:
        self._env = env
        self._notes = notes
        self._channel = channel
        self._size = size
        self._claim = claim
        self._write = write
        self._is_stopped = is_stopped
        self._is_paused = is_paused
        self._wake = wake
        self._may_go_on = may_go_on
        self._seconds = seconds
        self._many_at_once = many_at_once
        self._letters: deque[Letter] = deque()
        self._messages: dict[int, MessageRow] = {}
        self._look = LastLook(env, ())
        self._under_way = 0
        self._lock = threading.Lock()
        self._claiming = True  # until the first are there
        self._asked_for_more = False
        self._over = False
        self._is_dry = False  # nothing was left to be taken
        self._began = time.monotonic()
        self._asked = self._began  # whether others wait
        self._news_at = self._began
        self._filled_at = self._began
        self._filled_to = 0  # letters that lay there then
        self.taken = 0  # messages that became ours
        self.looked_at = 0
        self.is_unsure = False  # something may be ours that we do not know of
        self.book = BatchBook(env, notes, supply=self)

    @property
    def still_for(self) -> float:
        """Seconds since something was handed over or answered."""
        return time.monotonic() - self._news_at

    # -- the channel's side

    @property
    def is_open(self) -> bool:
        return self._claiming or self._may_claim()

    @property
    def is_stopped(self) -> bool:
        return self._is_stopped()

    def waiting(self) -> int:
        return len(self._letters)

    def next_letter(self) -> Letter | None:
        if not self._letters:
            return None
        letter = self._letters.popleft()
        if not self._asked_for_more and self._is_low:
            self._asked_for_more = True
            self.book.nudge()
        return letter

    def hand_over(
        self, letters: Sequence[Letter], *, earlier_not_taken: bool = False
    ) -> Collection[int]:
        """Raises Held, journal.LeaseOver, OSError: then none of them may be handed over."""
        if self.is_stopped:
            raise Held("The sender stops.")
        make_way()
        if not self.book.wait_for_room(besides=self._under_way + len(letters)):
            raise Held("The database takes no results.")
        unwanted = self._unwanted([one.message_id for one in letters])
        wanted = [one for one in letters if one.message_id not in unwanted] if unwanted else letters
        tries = [(one.message_id, one.attempt_no) for one in wanted]
        self._notes.hand_over_all(tries, earlier_not_taken=earlier_not_taken)
        self._under_way += len(wanted)
        self._news_at = time.monotonic()
        return unwanted

    def answered(self, results: Sequence[tuple[Letter, Result]]) -> None:
        answers = [
            (one.message_id, one.attempt_no, result_as_note(result)) for one, result in results
        ]
        try:
            self._notes.answer_all(answers)
        except OSError as error:
            log.warning("answers not noted", count=len(answers), why=str(error))
        self._under_way = max(self._under_way - len(results), 0)
        self._news_at = time.monotonic()
        self._look.forget([letter.message_id for letter, _ in results])
        pop = self._messages.pop
        self.book.add_all([(pop(letter.message_id), result) for letter, result in results])
        for outcome, count in Counter(result.outcome for _, result in results).items():
            SENT.labels(channel=self._channel, outcome=outcome.value).inc(count)

    def _unwanted(self, message_ids: Sequence[int]) -> Collection[int]:
        """Those that nobody wants any more; they are booked. Raises Held where the database cannot
        be asked."""
        try:
            found = self._look.unwanted(message_ids)
        except StoreBusy as error:
            raise Held(f"Nobody can say who still wants it: {error}") from error
        for message_id, why in found.items():
            log.info("letter dropped at the last moment", channel=self._channel, why=why)
            message = self._messages.pop(message_id)
            self._look.forget([message_id])
            self.book.add(message, Result(outcome=Outcome.REFUSED, code=NOT_WANTED, detail=why))
        return found.keys()

    # -- the supply's side

    def end(self) -> None:
        """Take nothing more; returns when nothing is being taken."""
        with self._lock:
            self._over = True
        while self._claiming:
            time.sleep(0.002)

    def begin(self) -> bool:
        with self._lock:
            if self._claiming or not self._is_low or not self._may_claim():
                return False
            self._claiming = True
            return True

    def claim(self, tx: Transaction) -> Claimed:
        now = time.monotonic()
        if now - self._asked > self._seconds:
            if not self._may_go_on(tx):
                return Claimed()  # which ends the turn
            self._asked = now
        return self._claim(tx, self._size.now, self._size.after_release)

    def took(self, claimed: Claimed) -> None:
        self.is_unsure, before = True, self.is_unsure
        try:
            self._put(claimed)
            self.is_unsure = before
        finally:
            self._claiming = False
            self._wake()

    def failed(self) -> None:
        self.is_unsure = True
        self._claiming = False
        self._wake()

    def _put(self, claimed: Claimed) -> None:
        """Write letters and lay them on the desk. Raises StoreBusy."""
        if claimed.looked_at:
            self._note_speed()
        self._size.after_release = claimed.last_release
        self.taken += len(claimed.messages)
        self.looked_at += claimed.looked_at
        self._is_dry = not claimed.looked_at
        letters, unwritable = self._write(claimed)
        for message, why in unwritable:
            NOT_WRITTEN.labels(kind=message.kind).inc()
            self.book.add(message, _unwritable(why))
        messages = {one.id: one for one in claimed.messages}
        self._messages.update({one.message_id: messages[one.message_id] for one in letters})
        self._look.add([messages[one.message_id] for one in letters])
        self._letters.extend(letters)
        self._filled_at, self._filled_to = time.monotonic(), len(self._letters)
        self._asked_for_more = False

    def _note_speed(self) -> None:
        """How long a whole batch takes, by what has left since the desk was filled."""
        left = self._filled_to - len(self._letters)
        if left > 0:
            seconds = (time.monotonic() - self._filled_at) * self._size.now / left
            self._size.note(seconds, most=self._env.config.delivery.batch)

    @property
    def _is_low(self) -> bool:
        return len(self._letters) <= self._size.few(is_server=not self._env.db.is_sqlite)

    def _may_claim(self) -> bool:
        if self._over or self._is_stopped():
            return False
        now = time.monotonic()
        if self._is_dry or now - self._began > LONGEST_TURN:
            if not self._is_held_up(now):
                return False
            self._is_dry, self._began = False, now
        return not self._is_paused()  # nothing is taken that could not be sent

    def _is_held_up(self, now: float) -> bool:
        """Whether the turn could end but for a few letters that the provider thinks about, for
        minutes perhaps: nobody else is to wait for them."""
        few_are_left = bool(self._messages) and not self._letters
        is_short = self.taken < MOST_IN_A_TURN
        still_since = max(self._news_at, self._began)  # or since others leave beside them
        return self._many_at_once and few_are_left and is_short and now - still_since > HELD_UP


def _unwritable(why: str) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONTENT, code=UNWRITABLE, detail=why[:1000]
    )
