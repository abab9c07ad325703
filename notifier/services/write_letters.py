"""How does a whole batch of messages become letters, quickly and each as if written alone?

One message that cannot be written stops no other: it is given back with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from notifier.channels.base import Letter
from notifier.domain.message import Medium
from notifier.errors import StoreBusy, TemplateProblem
from notifier.log import log
from notifier.rendering import Renderer
from notifier.services.compose import Batch, compose
from notifier.services.compose_hook import compose_hook
from notifier.services.env import Env
from notifier.store.outbox import MessageRow


@dataclass(slots=True, kw_only=True)
class Written:
    """The letters in the order of their messages, and what could not be written, with why."""

    letters: list[Letter] = field(default_factory=list)
    unwritable: list[tuple[MessageRow, str]] = field(default_factory=list)


class LetterWriter:
    """Writes batch after batch. Keeps what they have in common; used by one thread at a time."""

    def __init__(self, env: Env, renderer: Renderer) -> None:
        self._env = env
        self._renderer = renderer

    def write(self, messages: Sequence[MessageRow], batch: Batch) -> Written:
        """A letter for each message that can be written. Raises StoreBusy."""
        written = Written()
        for message in messages:
            try:
                written.letters.append(self._write_one(message, batch))
            except TemplateProblem as error:
                log.error("message cannot be written", message=message.id, why=str(error))
                written.unwritable.append((message, str(error)))
            except StoreBusy:
                raise  # no fault of the message
            except Exception as error:  # noqa: BLE001  one poisoned row must not stop the rest
                log.exception("message cannot be composed", message=message.id)
                written.unwritable.append((message, f"{type(error).__name__}: {error}"))
        return written

    def _write_one(self, message: MessageRow, batch: Batch) -> Letter:
        attempt_no = message.attempt_no + 1
        if message.medium == Medium.WEBHOOK:
            return compose_hook(self._env, message, attempt_no=attempt_no)
        return compose(self._env, self._renderer, message, batch, attempt_no=attempt_no)
