"""Does somebody still want the letter that is handed over at this moment?

A batch was checked when it was claimed; a slow server can take minutes over it. Whoever has
unsubscribed, paused, was erased or suppressed since then must get nothing more (trust RL-8), nor
who has cancelled what the letter is about, or whose order ships after all (case F42). So
the rows are looked at again just before a letter is handed over, for some letters at a time: what
may still leave is what one look covers, never more than LETTERS, and none looked at longer than
FRESH ago.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from notifier.services.env import Env
from notifier.services.order_sent import why_not
from notifier.services.recheck import why_not_to
from notifier.store.outbox import MessageRow
from notifier.store.standing import doubtful, standings

LETTERS = 500  # covered by one look, at most
LEAST = 10
FRESH = 0.05  # seconds a look is good for


class LastLook:
    """What is to be sent, in that order. May be asked from any thread."""

    def __init__(
        self,
        env: Env,
        messages: Sequence[MessageRow],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._env = env
        self._left: dict[int, MessageRow] = {}
        self._seen: dict[int, str] = {}  # message id → why not, by the last look
        self._until = 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._used = 0
        self._looked_at = -1.0  # never
        self.add(messages)

    def add(self, messages: Sequence[MessageRow]) -> None:
        """More that are to be sent, behind the others."""
        with self._lock:
            self._left.update((one.id, one) for one in messages if one.contact_id is not None)

    def unwanted(self, message_ids: Sequence[int]) -> dict[int, str]:
        """Those of some that must not be handed over any more, with why. Asks the database where
        the last look is too old or did not cover one. Raises StoreBusy."""
        found: dict[int, str] = {}
        with self._lock:
            over = self._clock() > self._until
            for id_ in message_ids:
                if id_ not in self._left:
                    continue  # to the shop's own software, or let go on a broken connection
                if over or id_ not in self._seen:
                    self._look(id_)
                    over = False
                why = self._seen.pop(id_)
                self._used += 1
                if why:
                    found[id_] = why
                else:
                    del self._left[id_]
        return found

    def forget(self, message_ids: Iterable[int]) -> None:
        """Their tries are over: the next look need not cover them."""
        with self._lock:
            for id_ in message_ids:
                self._left.pop(id_, None)

    def _look(self, message_id: int) -> None:
        """At this one and the next in order."""
        now = self._clock()
        most = self._how_many(now)
        ids = [message_id]
        for id_ in self._left:
            if len(ids) == most:
                break
            if id_ != message_id:
                ids.append(id_)
        until = now + FRESH  # counted from before the rows are read
        seen = dict.fromkeys(ids, "")
        with self._env.db.glance() as tx:
            doubt = doubtful(tx, ids)
            closer = [id_ for id_ in ids if id_ in doubt]
            found = standings(tx, closer) if closer else {}
            for id_ in closer:
                seen[id_] = why_not_to(self._left[id_], found.get(id_)) or why_not(
                    self._env, tx, self._left[id_]
                )
        self._seen, self._until = seen, until  # and not before: half a look is none

    def _how_many(self, now: float) -> int:
        """As many as leave while a look is good, going by those since the last one, and half as
        many again."""
        used, since = self._used, max(now - self._looked_at, 0.001)
        is_first = self._looked_at < 0
        self._used, self._looked_at = 0, now
        return LETTERS if is_first else min(max(int(1.5 * FRESH * used / since), LEAST), LETTERS)
