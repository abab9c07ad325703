"""How do many letters leave over several connections at once?

One thread looks after all connections: it waits until some of them can be read or written, moves
each letter there on, notes the hand-overs of all that are ready in one go, and writes their dots.
Connections are opened beside it (dial.py), kept between calls, and replaced when worn out. A
server that fails is left alone for a while (channels/circuit.py), then probed by one connection
before the others follow.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from notifier.channels.base import Blame, Letter, LetterDesk, NotePhase, Result
from notifier.channels.circuit import Circuit, left_alone
from notifier.channels.smtp.dial import Dialer
from notifier.channels.smtp.lane import Lane
from notifier.channels.smtp.one_call import OneCall
from notifier.channels.smtp.opening import OpeningFailed
from notifier.channels.smtp.pace import Pace
from notifier.channels.smtp.run import Build, Run, Slot
from notifier.channels.smtp.session import Session
from notifier.channels.smtp.settings import Settings
from notifier.clock import Clock

__all__ = ["Pool"]

LOOK_AT_CLOCK = 0.1  # seconds between two looks at who has waited too long


class Pool:
    """Connections to one server. Used by one thread, but for `wake`."""

    def __init__(
        self,
        *,
        open_session: Callable[[], Session],
        build: Build,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._open_session = open_session
        self._build = build
        self._settings = settings
        self._clock = clock
        self._circuit = Circuit()
        self._pace = Pace(rate=settings.rate, provider_rate=settings.provider_rate)
        self._slots = [Slot() for _ in range(settings.connections)]
        self._selector = selectors.DefaultSelector()
        self._bell, self._button = socket.socketpair()
        for end in (self._bell, self._button):
            end.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._dialer = Dialer(open_session, wake=self.wake)
        self._looked_at = 0.0

    @property
    def pace(self) -> Pace:
        """When letters may leave."""
        return self._pace

    def send(
        self, letters: Sequence[Letter], *, note: NotePhase
    ) -> Iterator[tuple[Letter, Result]]:
        """Try each letter once. Results come as they are known.

        If `note` raises, no dot is sent for that letter, the work stops, and the error is raised
        here. A caller that stops reading waits for what was handed over, and no more is.
        """
        if not letters:
            return
        desk = OneCall(letters, note)
        rounds = self.carry(desk)
        try:
            for _ in rounds:
                yield from desk.take_results()
        except GeneratorExit:
            desk.stop()
            for _ in rounds:
                continue
            raise
        yield from desk.take_results()
        if desk.error is not None:
            raise desk.error

    def carry(self, desk: LetterDesk) -> Iterator[None]:
        """Carry what lies on the desk until it is closed; a step of the iterator is one round.

        Ends early when the server lets no one in: then what lies there has got results, too.
        Raises what `desk.hand_over` raised, when all that was handed over before is answered.
        """
        run = Run(desk, build=self._build, pace=self._pace, clock=self._clock)
        pause = self.pause_left()
        if pause:
            run.refuse_all(left_alone("The mail server", pause))
            yield
            return
        for slot in self._slots:
            slot.begin()
        self._poll(run, 0)
        while True:
            run.begin_round()
            self._fill(run)
            # before the next dot: whoever is killed leaves one letter open on each connection
            is_news = run.report()
            self._hand_over(run)
            if run.report() or is_news:
                yield
            if run.is_over(self._slots):
                break
            self._poll(run, run.patience(LOOK_AT_CLOCK))
        self._note_server(run)
        if run.error is not None:
            raise run.error

    def pause_left(self) -> timedelta:
        """For how long the server is left alone yet, since it failed."""
        return self._circuit.wait_at(self._clock())

    def wake(self) -> None:
        """From any thread: there is something to do."""
        try:
            self._button.send(b"!")
        except (BlockingIOError, OSError):
            return  # it has been rung enough, or is gone

    def close(self) -> None:
        """Hang up. The pool can be used again afterwards."""
        for slot in self._slots:
            if slot.lane is not None:
                self._forget(slot).close()
        self._dialer.close()
        self._dialer = Dialer(self._open_session, wake=self.wake)

    def _note_server(self, run: Run) -> None:
        if run.answered:
            self._circuit.note_success()
        elif run.failure is not None and run.failure.blame is Blame.TRANSPORT:
            self._circuit.note_failure(self._clock())

    def _fill(self, run: Run) -> None:
        """Give idle lanes a letter, and open lanes while letters wait for one."""
        for slot in self._slots:
            lane = slot.lane
            if lane is None or not lane.is_idle:
                continue
            if lane.is_worn_out(run.now):
                self._forget(slot).close()
            elif not slot.ended and (one := run.next_letter(lane.size_limit)) is not None:
                lane.announce(one)
                self._settle(slot, run)
        if run.stopping:
            return
        free = [slot for slot in self._slots if slot.lane is None and not slot.ended]
        is_known = run.answered or any(slot.lane is not None for slot in self._slots)
        wanted = min(len(free), run.waiting(), len(free) if is_known else 1)
        for _ in range(wanted - self._dialer.under_way):
            self._dialer.dial()

    def _hand_over(self, run: Run) -> None:
        """All letters that are ready: note them, then write their dots."""
        ready = [slot for slot in self._slots if slot.lane is not None and slot.lane.ready]
        if not ready:
            return
        kept = run.note_hand_over([slot.lane.ready.letter for slot in ready])  # type: ignore
        for slot in ready if run.error is None else ():
            lane = slot.lane
            assert lane is not None
            assert lane.ready is not None
            if lane.ready.letter.message_id in kept:
                lane.let_go()
            else:
                more = lane.takes_follower(run.now) and not slot.ended and self._is_busy(run)
                lane.hand_over(run.next_letter(lane.size_limit) if more else None)
            self._settle(slot, run)
        if run.stopping:
            self._stop(run)

    def _is_busy(self, run: Run) -> bool:
        """Whether more letters wait than there are connections with nothing to do: none waits
        behind another that the server may think about for minutes, if it need not."""
        waiting = run.waiting()
        if waiting > len(self._slots):
            return True
        idle = sum(slot.lane is not None and slot.lane.is_idle for slot in self._slots)
        return waiting > idle + self._dialer.under_way

    def _stop(self, run: Run) -> None:
        """Finish what was handed over; let go of the rest, which stays untouched."""
        for slot in self._slots:
            if slot.lane is not None and slot.lane.carried and not slot.lane.has_handed_over:
                slot.lane.let_go()
                self._settle(slot, run)

    def _poll(self, run: Run, timeout: float) -> None:
        """Wait until something moves, and move it on."""
        for key, mask in self._selector.select(timeout):
            slot = key.data
            if slot is None:
                self._answer_bell(run)
                continue
            lane = slot.lane
            if lane is None:
                continue
            if mask & selectors.EVENT_READ:
                lane.on_readable()
            if mask & selectors.EVENT_WRITE and lane.is_usable:
                lane.on_writable()
            self._settle(slot, run)
        now = time.monotonic()
        if now - self._looked_at > LOOK_AT_CLOCK:
            self._looked_at = now
            for slot in self._slots:
                if slot.lane is not None and now >= slot.lane.deadline:
                    slot.lane.check_time(now)
                    self._settle(slot, run)
        if run.stopping:
            self._stop(run)

    def _answer_bell(self, run: Run) -> None:
        try:
            self._bell.recv(4096)
        except BlockingIOError:
            return
        for answer in self._dialer.answers():
            free = [slot for slot in self._slots if slot.lane is None and not slot.ended]
            if isinstance(answer, OpeningFailed):
                is_known = run.answered or any(slot.lane is not None for slot in self._slots)
                run.turn_away(answer.result, free[:1] if is_known else self._slots)
            elif not free:
                answer.close()
            else:
                lane = free[0].lane = Lane(answer, self._settings, opened_at=self._clock())
                self._selector.register(lane.sock, selectors.EVENT_READ, free[0])
                lane.on_readable()  # dialled for an earlier call, it may be gone again
                self._settle(free[0], run)

    def _settle(self, slot: Slot, run: Run) -> None:
        """After anything happened on a lane: take its results, drop it when it is done for."""
        lane = slot.lane
        assert lane is not None
        if lane.results:
            run.take_results(slot)
        if not lane.is_usable:
            run.give_back(lane.untouched)
            self._forget(slot)
        elif lane.wants_to_write is not slot.writes:
            slot.writes = lane.wants_to_write
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(lane.sock, both if slot.writes else selectors.EVENT_READ, slot)

    def _forget(self, slot: Slot) -> Lane:
        lane, slot.lane = slot.lane, None
        assert lane is not None
        slot.writes = False
        self._selector.unregister(lane.sock)
        return lane
