"""Which letter is next in one call of the pool, and what did each answer mean for the call?

A connection that breaks costs at most the letter on it, and is replaced. A server that says "not
now" (421, or 4xx to MAIL), that lets no one in, or on which three letters in a row broke, is left
alone: that connection is not replaced, and what then nobody has tried goes back to the caller.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import structlog

from notifier.channels.base import Blame, Letter, LetterDesk, Outcome, Result
from notifier.channels.smtp.addresses import BadAddress
from notifier.channels.smtp.carried import Carried
from notifier.channels.smtp.classify import shorten
from notifier.channels.smtp.lane import Lane
from notifier.channels.smtp.mime import Mail
from notifier.channels.smtp.pace import Pace, provider_of
from notifier.clock import Clock

__all__ = ["Build", "Run", "Slot"]

_log = structlog.get_logger(__name__)

BROKEN_IN_A_ROW = 3
HELD_BACK = 1.0  # seconds a letter waits here for its provider's turn; longer ones go back
MOST_HELD_BACK = 500

Build = Callable[[Letter, datetime], Mail]


class Slot:
    """A place for a connection. `ended`: not to be filled again in this call."""

    __slots__ = ("broken", "ended", "lane", "writes")

    def __init__(self) -> None:
        self.lane: Lane | None = None
        self.writes = False
        self.begin()

    def begin(self) -> None:
        """A new call: let bygones be bygones."""
        self.broken = 0
        self.ended = False


class Run:
    """One call. `answered`: some letter got through the dialogue; `error`: from the desk."""

    def __init__(self, desk: LetterDesk, *, build: Build, pace: Pace, clock: Clock) -> None:
        self._desk = desk
        self._build = build
        self._pace = pace
        self._clock = clock
        self.now = clock()
        self._again: deque[Carried] = deque()  # announced on a connection that went away
        self._held_back: list[tuple[float, int, Letter]] = []
        self._numbers = count()
        self._results: list[tuple[Letter, Result]] = []
        self._refused_senders: dict[str, Result] = {}
        self.answered = False
        self.failure: Result | None = None
        self.error: BaseException | None = None

    def begin_round(self) -> None:
        """Look at the clock, for all letters of this round."""
        self.now = self._clock()

    @property
    def stopping(self) -> bool:
        return self.error is not None or self._desk.is_stopped

    def waiting(self) -> int:
        """How many letters could leave, were there a connection."""
        return len(self._again) + len(self._held_back) + self._desk.waiting()

    def patience(self, most: float) -> float:
        """Seconds to wait for something to happen on a connection."""
        now = time.monotonic()
        if self._held_back:
            most = min(most, max(self._held_back[0][0] - now, 0.0))
        wait = self._pace.wait(now)
        return min(most, wait) if wait else most

    def next_letter(self, size_limit: int) -> Carried | None:
        """The next letter, as a mail. Those that cannot leave get their results."""
        while not self.stopping:
            if self._again:
                return self._again.popleft()
            letter = self._take()
            if letter is None:
                return None
            mail = self._prepare(letter)
            if isinstance(mail, Mail):
                mail = _too_big(mail, limit=size_limit) or mail
            if isinstance(mail, Mail):
                refused = self._refused_senders.get(mail.sender_group)
                if refused is None:
                    self._pace.take(time.monotonic())
                    return Carried(letter, mail)
                mail = refused
            self._results.append((letter, mail))
        return None

    def note_hand_over(self, letters: Sequence[Letter]) -> Collection[int]:
        """The ids of those that must not be handed over. With `stopping`: none may."""
        if self.stopping:
            return ()
        try:
            return self._desk.hand_over(letters)
        except BaseException as error:  # noqa: BLE001 - raised again when all is finished
            self.error = error
            return ()

    def take_results(self, slot: Slot) -> None:
        """What the lane says became of its letters, and whether the slot is to be used again."""
        lane = slot.lane
        assert lane is not None
        now = time.monotonic()
        for one, result in lane.results:
            self._results.append((one.letter, result))
            if result.blame is Blame.CONFIG:
                self._refused_senders[one.mail.sender_group] = result
            if not self._pace.is_free or result.outcome is not Outcome.ACCEPTED:
                self._pace.note(provider_of(one.letter.address), result, now)
        last, several = result, len(lane.results) > 1
        lane.results.clear()
        if lane.is_usable or several:
            slot.broken = 0
            self.answered = True
        if lane.is_usable:
            return
        slot.broken += 1
        sent_away = last.blame is Blame.TRANSPORT and last.code[:1] == "4"
        if sent_away or slot.broken >= BROKEN_IN_A_ROW:
            self.turn_away(last, [slot])

    def turn_away(self, result: Result, slots: Iterable[Slot]) -> None:
        """These connections are not to be replaced, because of this."""
        self.failure = replace(
            result,
            outcome=Outcome.TRY_LATER,
            blame=Blame.CONFIG if result.blame is Blame.CONFIG else Blame.TRANSPORT,
            provider_id="",
        )
        for slot in slots:
            slot.ended = True

    def give_back(self, letters: list[Carried]) -> None:
        """Nothing of these was looked at: they are next on another connection."""
        if self.stopping:
            return
        self._again.extendleft(reversed([Carried(one.letter, one.mail) for one in letters]))

    def is_over(self, slots: Sequence[Slot]) -> bool:
        """Whether nothing is under way, and nothing is to come or can be tried."""
        if any(slot.lane is not None and slot.lane.carried for slot in slots):
            return False
        if self.stopping:
            return True
        if all(slot.ended for slot in slots):
            assert self.failure is not None
            self.refuse_all(self.failure)
            self.report()
            return True
        return not self.waiting() and not self._desk.is_open

    def refuse_all(self, result: Result) -> None:
        """Give this result to all that nobody could try."""
        left = [one.letter for one in self._again] + [one[2] for one in self._held_back]
        while (letter := self._desk.next_letter()) is not None:
            left.append(letter)
        self._again.clear()
        self._held_back.clear()
        self._results += [(letter, result) for letter in left]
        self.report()

    def report(self) -> bool:
        """Hand the results to the desk; whether there were any."""
        if not self._results:
            return False
        results, self._results = self._results, []
        self._desk.answered(results)
        return True

    def _take(self) -> Letter | None:
        """The next letter whose time has come."""
        if self._pace.is_free:
            return self._desk.next_letter() if not self._held_back else self._pop_held_back()
        now = time.monotonic()
        if self._pace.wait(now):
            return None
        if self._held_back and self._held_back[0][0] <= now:
            return self._pop_held_back()
        while len(self._held_back) < MOST_HELD_BACK:
            letter = self._desk.next_letter()
            if letter is None:
                return None
            wait = self._pace.book(provider_of(letter.address), now, at_most=HELD_BACK)
            if not wait:
                return letter
            if wait <= HELD_BACK:
                heapq.heappush(self._held_back, (now + wait, next(self._numbers), letter))
            else:
                self._results.append((letter, _paced(wait)))
        return None

    def _pop_held_back(self) -> Letter:
        return heapq.heappop(self._held_back)[2]

    def _prepare(self, letter: Letter) -> Mail | Result:
        if letter.not_after is not None and self.now >= letter.not_after:
            text = "The letter was stale when its turn came."
            return Result(outcome=Outcome.REFUSED, code="stale", detail=text)
        try:
            return self._build(letter, self.now)
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


def _paced(wait: float) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER,
        blame=Blame.TRANSPORT,
        code="paced",
        detail="Its mail provider takes no more letters of ours for the moment.",
        retry_after=timedelta(seconds=wait),
    )


def _too_big(mail: Mail, *, limit: int) -> Result | None:
    """The server would refuse it, or cut the line in the middle of it (RFC 1870)."""
    if not 0 < limit < mail.size or len(mail.content) <= limit:
        return None
    text = f"The letter has {len(mail.content)} bytes, the server takes {limit} (SIZE)."
    return Result(outcome=Outcome.REFUSED, blame=Blame.CONTENT, code="552 5.3.4", detail=text)
