"""How do due messages leave, at least once and never more than twice?

Three steps: lease a batch and check each message anew (one transaction); call the channel with no
transaction open, noting each step in the journal; book the results (short transactions). What is
left when a worker dies is taken over by services/take_over.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from notifier.channels.base import Blame, Letter, MessageChannel, Outcome, Phase, Result
from notifier.domain.message import Medium
from notifier.errors import ConfigError, StoreBusy, TemplateProblem
from notifier.journal import Journal
from notifier.log import log
from notifier.metrics import SENT
from notifier.rendering import Renderer
from notifier.services.book_result import book_result
from notifier.services.channels import make_channel
from notifier.services.compose import Batch, compose, load_batch
from notifier.services.compose_hook import compose_hook
from notifier.services.env import Env
from notifier.services.recheck import recheck
from notifier.store import outbox, releases, switches
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

BOOK_EVERY = 0.25  # seconds between two bookings while a batch is being sent
BOOK_AT = 50


@dataclass(slots=True, kw_only=True)
class Claimed:
    messages: list[MessageRow] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    looked_at: int = 0  # also those that were skipped or put off


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
        self._renderer = renderer
        self._make = make
        self._channels: dict[str, MessageChannel] = {}
        self._journal = Journal(env.config.service.data_dir / "journal")
        self._stopping = threading.Event()

    @property
    def owner(self) -> str:
        return self._journal.owner

    def stop(self) -> None:
        """Finish what is handed over, take nothing new."""
        self._stopping.set()

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._journal.close()

    def send_due(self) -> int:
        """Take one batch for every channel that has something due; how many messages that was."""
        env = self._env
        with env.db.read() as tx:
            names = outbox.due_channels(tx, now=env.now())
            off = switches.all_off(tx, now=env.now())
        if switches.SENDING in off:
            return 0
        tried = 0
        for name in names:
            if self._stopping.is_set() or f"channel:{name}" in off:
                continue
            tried += self._send_batch(name)
        return tried

    def _send_batch(self, name: str) -> int:
        claimed = self._env.db.retry(lambda tx: self._claim(tx, name))
        if not claimed.messages:
            return claimed.looked_at
        by_id = {message.id: message for message in claimed.messages}
        letters, failed = self._write(claimed)
        results: list[tuple[MessageRow, Result]] = failed
        try:
            channel = self._channel(name)
        except ConfigError as error:
            results += [(by_id[letter.message_id], _misconfigured(error)) for letter in letters]
            letters = []
        if letters:
            with self._heartbeat():
                self._hand_over(channel, name, letters, by_id, results)
        self._book(results)
        self._journal.forget()
        return claimed.looked_at

    def _claim(self, tx: Transaction, name: str) -> Claimed:
        """Lease the next messages of a channel; skip or postpone what must not go now."""
        env = self._env
        now = env.now()
        due = outbox.select_due(tx, channel=name, now=now, limit=env.config.delivery.batch)
        if not due:
            return Claimed()
        batch = load_batch(env, tx, due)
        verdict = recheck(env, tx, due, batch)
        for reason, ids in verdict.skip.items():
            outbox.skip(tx, ids, reason=reason, now=now)
        releases.stop_sold_out(tx, sorted(verdict.sold_out_releases), now=now)
        for id_, due_at, reason in verdict.postpone:
            outbox.postpone(tx, [id_], due_at=due_at, reason=reason)
        ids = [message.id for message in verdict.send]
        outbox.claim(tx, ids, owner=self.owner, now=now, lease=env.config.delivery.lease)
        return Claimed(messages=verdict.send, batch=batch, looked_at=len(due))

    def _write(self, claimed: Claimed) -> tuple[list[Letter], list[tuple[MessageRow, Result]]]:
        """Compose each letter; one that cannot be written stops no other."""
        letters: list[Letter] = []
        failed: list[tuple[MessageRow, Result]] = []
        for message in claimed.messages:
            attempt_no = message.attempt_no + 1
            try:
                if message.medium == Medium.WEBHOOK:
                    letters.append(compose_hook(self._env, message, attempt_no=attempt_no))
                else:
                    letters.append(
                        compose(
                            self._env,
                            self._renderer,
                            message,
                            claimed.batch,
                            attempt_no=attempt_no,
                        )
                    )
            except TemplateProblem as error:
                log.error("message cannot be written", message=message.id, why=str(error))
                failed.append((message, _unwritable(str(error))))
            except Exception as error:  # noqa: BLE001  one poisoned row must not stop the rest
                log.exception("message cannot be composed", message=message.id)
                failed.append((message, _unwritable(f"{type(error).__name__}: {error}")))
        return letters, failed

    def _channel(self, name: str) -> MessageChannel:
        if name not in self._channels:
            self._channels[name] = self._make(self._env, name)
        return self._channels[name]

    def _hand_over(
        self,
        channel: MessageChannel,
        name: str,
        letters: list[Letter],
        by_id: dict[int, MessageRow],
        results: list[tuple[MessageRow, Result]],
    ) -> None:
        """Call the channel, booking results as they come so that a kill loses few."""
        attempts = {letter.message_id: letter.attempt_no for letter in letters}

        def note(message_id: int, phase: Phase) -> None:
            if phase is Phase.HANDED_OVER:
                self._journal.hand_over(message_id, attempts[message_id])

        booked_at = time.monotonic()
        for letter, result in channel.send(letters, note=note):
            self._journal.answer(letter.message_id, letter.attempt_no, result_as_note(result))
            SENT.labels(channel=name, outcome=result.outcome.value).inc()
            results.append((by_id[letter.message_id], result))
            now = time.monotonic()
            if len(results) >= BOOK_AT or now - booked_at > BOOK_EVERY:
                self._book(results)
                booked_at = now

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        """Keep the leases while the channel works: a mail server may take ten minutes to answer."""
        done = threading.Event()
        beat = threading.Thread(target=self._beat_until, args=(done,), daemon=True)
        beat.start()
        try:
            yield
        finally:
            done.set()
            beat.join()

    def _beat_until(self, done: threading.Event) -> None:
        env = self._env
        lease = env.config.delivery.lease
        while not done.wait(lease.total_seconds() / 3):
            try:
                env.db.retry(
                    lambda tx: outbox.extend_lease(tx, owner=self.owner, now=env.now(), lease=lease)
                )
            except StoreBusy:
                log.warning("lease not extended: database busy", owner=self.owner)

    def _book(self, results: list[tuple[MessageRow, Result]]) -> None:
        """Book and empty the list."""
        if not results:
            return
        todo = list(results)

        def work(tx: Transaction) -> None:
            for message, result in todo:
                book_result(self._env, tx, message, message.attempt_no + 1, result)

        self._env.db.retry(work, tries=8)
        results.clear()


def result_as_note(result: Result) -> dict[str, object]:
    """A result in the journal's words; `note_as_result` reads it."""
    return {
        "outcome": result.outcome.value,
        "blame": result.blame.value,
        "code": result.code,
        "detail": result.detail[:200],
        "provider_id": result.provider_id,
    }


def note_as_result(note: dict[str, object]) -> Result:
    return Result(
        outcome=Outcome(str(note["outcome"])),
        blame=Blame(str(note["blame"])),
        code=str(note["code"]),
        detail=str(note["detail"]),
        provider_id=str(note["provider_id"]),
    )


def _misconfigured(error: ConfigError) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONFIG, code="config", detail=str(error)[:1000]
    )


def _unwritable(why: str) -> Result:
    return Result(
        outcome=Outcome.TRY_LATER, blame=Blame.CONTENT, code="unwritable", detail=why[:1000]
    )
