"""How do due messages leave, at least once and never more than twice?

Three steps: lease a batch and check each message anew (one transaction); call the channel with no
transaction open, noting each step in the journal; book the results (short transactions, see
services/book_batch.py). What is left when a worker dies goes through services/take_over.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from notifier import journal
from notifier.channels.base import Blame, Letter, MessageChannel, Outcome, Phase, Result
from notifier.errors import ConfigError, StoreBusy
from notifier.journal import Journal, LeaseOver
from notifier.log import log
from notifier.metrics import SENT
from notifier.rendering import Renderer
from notifier.services import order_sent
from notifier.services.book_batch import BatchBook
from notifier.services.book_result import NOT_WANTED, UNWRITABLE
from notifier.services.channels import make_channel
from notifier.services.compose import Batch, load_batch
from notifier.services.env import Env
from notifier.services.last_look import LastLook
from notifier.services.recheck import recheck
from notifier.services.settle import GIVEN_BACK, result_as_note, settle
from notifier.services.write_letters import LetterWriter
from notifier.store import outbox, releases, switches
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction


class Held(Exception):
    """Not handed over, because we stop or cannot record what would come of it."""


class NotWanted(Exception):
    """Not handed over, because the person wants it no more. The others of the batch may go."""


@dataclass(slots=True, kw_only=True)
class Claimed:
    messages: list[MessageRow] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    looked_at: int = 0  # also those that were skipped or put off


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """How far a batch has got. `over`: handed over, answered or dropped; not to be sent again."""

    messages: dict[int, MessageRow]
    look: LastLook
    over: set[int] = field(default_factory=set)

    def end(self, message_id: int) -> None:
        self.over.add(message_id)
        self.look.forget(message_id)


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
        self._folder = env.config.service.data_dir / "journal"
        self._journal = Journal(self._folder)
        self._stopping = threading.Event()
        self._owes = False  # something we took may not be booked

    @property
    def owner(self) -> str:
        return self._journal.owner

    def stop(self) -> None:
        """Finish what is handed over, hand over nothing new."""
        self._stopping.set()

    def close(self) -> None:
        """Give back what was not handed over, so that others may send it at once."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        try:
            if self._owes:
                self._give_back()
        except StoreBusy as error:
            log.warning("left for others to take over: database busy", why=str(error))
        self._journal.close(keep=self._owes)

    def send_due(self) -> int:
        """Take one batch for every channel that has something due; how many messages that was."""
        env = self._env
        if self._owes:
            self._give_back()
        with env.db.read() as tx:
            names = outbox.due_channels(tx, now=env.now())
            off = switches.all_off(tx, now=env.now())
        if switches.SENDING in off:
            return 0
        tried = 0
        for name in names:
            if self._stopping.is_set() or switches.of_channel(name) in off:
                continue
            tried += self._send_batch(name)
        return tried

    def _send_batch(self, name: str) -> int:
        self._owes = True  # until all is booked, whatever happens in between
        claimed = self._env.db.retry(lambda tx: self._claim(tx, name))
        if claimed.messages:
            with BatchBook(self._env, self._journal) as book:
                self._hand_over(name, claimed, book)
            self._book(book)
            if book.booked < len(claimed.messages) or self._journal.is_seized:
                self._give_back()
            self._journal.forget()
        self._owes = False
        return claimed.looked_at

    @staticmethod
    def _book(book: BatchBook) -> None:
        book.book_rest()

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
        left = outbox.leased(tx, owner=self.owner)
        if not left:
            return 0
        return settle(self._env, tx, left, notes=self._journal.notes(), code=GIVEN_BACK)

    def _claim(self, tx: Transaction, name: str) -> Claimed:
        """Lease the next messages of a channel; skip or postpone what must not go now."""
        env = self._env
        since, now = journal.boot_seconds(), env.now()
        self._settle_own(tx)  # from a commit whose answer was lost
        due = outbox.select_due(tx, channel=name, now=now, limit=env.config.delivery.batch)
        if not due:
            return Claimed()
        batch = load_batch(env, tx, due)
        verdict = recheck(env, tx, due, batch)
        for reason, ids in verdict.skip.items():
            outbox.skip(tx, ids, reason=reason, now=now)
            order_sent.look_again_soon(env, tx, [one for one in due if one.id in ids])
        releases.stop_sold_out(tx, sorted(verdict.sold_out_releases), now=now)
        for id_, due_at, reason in verdict.postpone:
            outbox.postpone(tx, [id_], due_at=due_at, reason=reason)
        ids = [message.id for message in verdict.send]
        lease = env.config.delivery.lease
        outbox.claim(tx, ids, owner=self.owner, now=now, lease=lease)
        self._journal.promise(lease, since=since)
        return Claimed(messages=verdict.send, batch=batch, looked_at=len(due))

    def _hand_over(self, name: str, claimed: Claimed, book: BatchBook) -> None:
        """Call the channel; each answer is noted at once, then booked."""
        by_id = {message.id: message for message in claimed.messages}
        letters = self._write(claimed, book)
        try:
            channel = self._channel(name)
        except ConfigError as error:
            for letter in letters:
                book.add(by_id[letter.message_id], _misconfigured(error))
            return
        turn = _Turn(
            messages=by_id, look=LastLook(self._env, [by_id[one.message_id] for one in letters])
        )
        while letters:
            try:
                self._send(name, channel, letters, turn=turn, book=book)
                break
            except NotWanted as why:
                log.info("letter dropped at the last moment", channel=name, why=str(why))
                letters = [one for one in letters if one.message_id not in turn.over]
            except (Held, LeaseOver) as why:
                log.warning("batch broken off", channel=name, why=str(why))
                break

    def _send(
        self,
        name: str,
        channel: MessageChannel,
        letters: list[Letter],
        *,
        turn: _Turn,
        book: BatchBook,
    ) -> None:
        attempts = {letter.message_id: letter.attempt_no for letter in letters}

        def note(message_id: int, phase: Phase) -> None:
            if phase is Phase.HANDED_OVER:
                self._check_free_to_send(book)
                self._check_wanted(turn.messages[message_id], turn, book)
                turn.over.add(message_id)
                self._journal.hand_over(message_id, attempts[message_id])

        for letter, result in channel.send(letters, note=note):
            turn.end(letter.message_id)
            self._note_answer(letter, result)
            book.add(turn.messages[letter.message_id], result)
            SENT.labels(channel=name, outcome=result.outcome.value).inc()

    def _check_free_to_send(self, book: BatchBook) -> None:
        """Raises Held."""
        if self._stopping.is_set():
            raise Held("The sender stops.")
        if not book.wait_for_room():
            raise Held("The database takes no results.")

    @staticmethod
    def _check_wanted(message: MessageRow, turn: _Turn, book: BatchBook) -> None:
        """Raises NotWanted, and Held where the database cannot be asked."""
        try:
            why = turn.look.why_not(message.id)
        except StoreBusy as error:
            raise Held(f"Nobody can say who still wants it: {error}") from error
        if why:
            turn.end(message.id)
            book.add(message, Result(outcome=Outcome.REFUSED, code=NOT_WANTED, detail=why))
            raise NotWanted(why)

    def _note_answer(self, letter: Letter, result: Result) -> None:
        try:
            self._journal.answer(letter.message_id, letter.attempt_no, result_as_note(result))
        except OSError as error:
            log.warning("answer not noted", message=letter.message_id, why=str(error))

    def _write(self, claimed: Claimed, book: BatchBook) -> list[Letter]:
        """Write each letter; one that cannot be written stops no other."""
        written = self._writer.write(claimed.messages, claimed.batch)
        for message, why in written.unwritable:
            book.add(message, _unwritable(why))
        letters = written.letters
        order_sent.keep_letters(
            self._env,
            letters,
            {one.id: one for one in claimed.messages},
            wanted={id_: matter.wanted for id_, matter in claimed.batch.orders.items()},
        )
        return letters

    def _channel(self, name: str) -> MessageChannel:
        if name not in self._channels:
            self._channels[name] = self._make(self._env, name)
        return self._channels[name]


def _misconfigured(error: ConfigError) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONFIG, code="config", detail=str(error)[:1000]
    )


def _unwritable(why: str) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONTENT, code=UNWRITABLE, detail=why[:1000]
    )
