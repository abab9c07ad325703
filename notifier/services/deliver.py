"""How do due messages leave, at least once and never more than twice?

A sender serves one channel after another, each for some seconds (services/turn.py). What is due is
taken and checked anew in one transaction (services/claim.py), carried by the channel with no
transaction open, each step noted in the journal first, and booked by hundreds
(services/book_batch.py). What is left when a sender dies goes through services/take_over.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from typing import cast
from zlib import crc32

from notifier import journal
from notifier.channels.base import (
    Blame,
    CarryingChannel,
    Letter,
    MessageChannel,
    Outcome,
    PacedChannel,
    Result,
)
from notifier.errors import ConfigError, StoreBusy
from notifier.journal import Journal, LeaseOver
from notifier.log import log
from notifier.rendering import Renderer
from notifier.services import order_sent
from notifier.services.book_batch import BatchBook
from notifier.services.carry import carry_by_send
from notifier.services.channels import make_channel
from notifier.services.claim import Claimed, claim_due
from notifier.services.env import Env
from notifier.services.settle import GIVEN_BACK, settle
from notifier.services.turn import FIRST_SIZE, SLOW_SIZE, SLOW_TURN, TURN, BatchSize, Held, Turn
from notifier.services.write_letters import LetterWriter
from notifier.store import claims, leases, switches
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

STUCK = 3.0  # seconds without a hand-over or an answer
SHARING = timedelta(seconds=6)  # longer than a turn and the wait for its last answers


class Sender:
    """One sender: its journal and its open channels. Used by one thread."""

    def __init__(
        self,
        env: Env,
        renderer: Renderer,
        *,
        make: Callable[[Env, str], MessageChannel] = make_channel,
    ) -> None:
        self._env = env
        self._writer = LetterWriter(env, renderer)
        self._make = make
        self._channels: dict[str, MessageChannel] = {}
        self._sizes: dict[str, BatchSize] = {}
        self._settings_change = env.settings_change
        self._folder = env.config.service.data_dir / "journal"
        self._journal = Journal(self._folder)
        self._stopping = threading.Event()
        self._owes = False  # something we took may not be booked
        self._serving: tuple[str, Turn] | None = None

    @property
    def owner(self) -> str:
        return self._journal.owner

    def get_ready(self) -> None:
        """Read and open now what the first message would otherwise wait for."""
        for name in self._env.config.channels:
            try:
                self._channel(name)
            except ConfigError as error:
                log.warning("channel cannot be opened yet", channel=name, why=str(error))
        self._writer.get_ready()

    def stuck_in(self) -> str:
        """The channel that has not moved for STUCK, so that this sender has no time for others;
        empty: none. May be asked from any thread."""
        serving = self._serving
        return serving[0] if serving and serving[1].still_for > STUCK else ""

    def stop(self) -> None:
        """Finish what is handed over, hand over nothing new."""
        self._stopping.set()

    def close(self) -> None:
        """Give back what was not handed over, so that others may send it at once."""
        self._close_channels()
        try:
            if self._owes:
                self._give_back()
        except StoreBusy as error:
            log.warning("left for others to take over: database busy", why=str(error))
        self._journal.close(keep=self._owes)

    def _close_channels(self) -> None:
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def send_due(self, *, besides: Collection[str] = ()) -> int:
        """One turn for every channel that has something due, but for some; how many messages that
        was.

        Raises what the first channel raised that broke, when all have had their turns.
        """
        env = self._env
        if self._owes:
            self._give_back()
        with env.db.read() as tx:
            names = claims.due_channels(tx, now=env.now())
            off = switches.all_off(tx, now=env.now())
        if switches.SENDING in off:
            return 0
        tried, broke = 0, None
        for name in names:
            if self._stopping.is_set() or switches.of_channel(name) in off or name in besides:
                continue
            try:
                tried += self._serve(name)
            except StoreBusy:
                raise
            except Exception as error:  # noqa: BLE001  one that breaks must not stop the others
                log.warning("channel broke", channel=name, why=f"{type(error).__name__}: {error}")
                self._begin_anew(name)
                broke = broke or error
        if broke is not None:
            raise broke
        return tried

    def _begin_anew(self, name: str) -> None:
        """Nothing of what was under way on this channel goes on."""
        channel = self._channels.pop(name, None)
        if channel is not None:
            channel.close()
        if self._owes:
            self._give_back()

    def _serve(self, name: str) -> int:
        """One channel's turn; how many messages were looked at."""
        try:
            channel = self._channel(name)
        except ConfigError as error:
            return self._put_off(name, error)
        carrying = cast(CarryingChannel, channel) if hasattr(channel, "carry") else None
        pause_left: Callable[[], timedelta] = getattr(channel, "pause_left", timedelta)
        if pause_left():
            return 0
        turn = Turn(
            self._env,
            self._journal,
            channel=name,
            size=self._sizes.setdefault(
                name, BatchSize(now=FIRST_SIZE if carrying is not None else SLOW_SIZE)
            ),
            claim=lambda tx, size, after: self._claim(tx, name, size=size, after=after),
            write=self._write,
            is_stopped=self._stopping.is_set,
            is_paused=lambda: bool(pause_left()),
            may_go_on=lambda tx: self._may_go_on(tx, name),
            seconds=TURN if carrying is not None else SLOW_TURN,
            many_at_once=carrying is not None,
            wake=carrying.wake if carrying is not None else _nobody_waits,
        )
        self._owes = True  # until all is booked, whatever happens in between
        first = self._env.db.retry(lambda tx: self._claim_first(tx, turn))
        if first.messages:
            self._serving = name, turn
            try:
                with turn.book:
                    turn.took(first)
                    self._carry(name, channel, turn)
            finally:
                self._serving = None
            self._close_turn(turn)
        self._owes = False
        return turn.looked_at or first.looked_at

    def _may_go_on(self, tx: Transaction, name: str) -> bool:
        """Whether the channel is still as it was, and no other has something due."""
        if self._settings_change != self._env.settings_change:
            return False
        off = switches.all_off(tx, now=self._env.now())
        if switches.SENDING in off or switches.of_channel(name) in off:
            return False
        return all(one == name for one in claims.due_channels(tx, now=self._env.now()))

    def _carry(self, name: str, channel: MessageChannel, turn: Turn) -> None:
        """Let the channel work until the turn is over."""
        carry: Callable[[Turn], Iterator[None]] = getattr(
            channel, "carry", lambda desk: carry_by_send(channel, desk)
        )
        try:
            for _ in carry(turn):
                continue
            turn.end()  # the channel may have ended it early; then what lies there is answered
            while turn.waiting() and not turn.is_stopped:
                for _ in carry(turn):
                    continue
        except (Held, LeaseOver) as why:
            log.warning("batch broken off", channel=name, why=str(why))

    def _close_turn(self, turn: Turn) -> None:
        """Book all; give back what was not handed over."""
        turn.end()
        self._book(turn.book)
        if turn.book.booked < turn.taken or turn.is_unsure or self._journal.is_seized:
            self._give_back()
        self._journal.forget()

    @staticmethod
    def _book(book: BatchBook) -> None:
        book.book_rest()

    def _put_off(self, name: str, error: ConfigError) -> int:
        """The channel cannot be opened as it is set up: what is due learns why, and waits."""
        self._owes = True
        book = BatchBook(self._env, self._journal)
        first = self._env.db.retry(
            lambda tx: self._claim(tx, name, size=self._env.config.delivery.batch, after=0)
        )
        for message in first.messages:
            book.add(message, _misconfigured(error))
        self._book(book)
        self._journal.forget()
        self._owes = False
        return first.looked_at

    def _give_back(self) -> None:
        """Settle by our own notes what we took and did not finish."""
        count = self._env.db.retry(self._settle_own)
        if self._journal.is_seized:  # we were too slow; begin anew under another name
            self._journal.close()
            self._journal = Journal(self._folder)
        else:
            self._journal.forget()
        self._owes = False
        log.info("messages given back", count=count)

    def _settle_own(self, tx: Transaction) -> int:
        left = claims.leased(tx, owner=self.owner)
        if not left:
            return 0
        notes = self._journal.notes()
        return settle(self._env, tx, left, notes=notes, code=GIVEN_BACK, is_over=True)

    def _claim_first(self, tx: Transaction, turn: Turn) -> Claimed:
        """Begin a turn: nothing is ours before it."""
        since = journal.boot_seconds()
        self._settle_own(tx)  # from a commit whose answer was lost
        claimed = turn.claim(tx)
        # those taken later in the turn have longer; what was promised holds for all of them
        self._journal.promise(self._env.config.delivery.lease, since=since)
        return claimed

    def _claim(self, tx: Transaction, name: str, *, size: int, after: int) -> Claimed:
        self._share_rate(tx, name)
        return claim_due(
            self._env,
            tx,
            channel=name,
            owner=self.owner,
            limit=min(size, self._env.config.delivery.batch),
            after_release=after,
        )

    def _share_rate(self, tx: Transaction, name: str) -> None:
        """Let the provider see its rate however many senders there are (decision 0035)."""
        channel = cast(PacedChannel | None, self._channels.get(name))
        if channel is None or not getattr(channel, "is_paced", False):
            return
        group = f"{leases.RATE_GROUPS}{crc32(name.encode()):08x}"
        channel.share_rate(
            leases.join(tx, group, owner=self.owner, now=self._env.now(), lease=SHARING)
        )

    def _write(self, claimed: Claimed) -> tuple[list[Letter], list[tuple[MessageRow, str]]]:
        """Write each letter; one that cannot be written stops no other."""
        written = self._writer.write(claimed.messages, claimed.batch)
        order_sent.keep_letters(
            self._env,
            written.letters,
            {one.id: one for one in claimed.messages},
            wanted={id_: matter.wanted for id_, matter in claimed.batch.orders.items()},
        )
        return written.letters, written.unwritable

    def _channel(self, name: str) -> MessageChannel:
        if self._settings_change != self._env.settings_change:  # set up anew in the admin
            self._settings_change = self._env.settings_change
            self._close_channels()
        if name not in self._channels:
            self._channels[name] = self._make(self._env, name)
        return self._channels[name]


def _nobody_waits() -> None:
    """For channels that look by themselves."""


def _misconfigured(error: ConfigError) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONFIG, code="config", detail=str(error)[:1000]
    )
