"""Is a mailbox that was full again and again given up by its owner?"""

from __future__ import annotations

from datetime import timedelta

from notifier.services.env import Env
from notifier.store import full_mailbox
from notifier.store.outbox import MessageRow
from notifier.store.session import Transaction

MESSAGES = 3
FOR = timedelta(days=7)


def is_given_up(env: Env, tx: Transaction, message: MessageRow, *, code: str) -> bool:
    """Whether, with this answer, so many messages in a row and over so long a time found it full
    (trust 2.1.1). The answer is stored with the message already."""
    if message.contact_id is None or not full_mailbox.is_full(code):
        return False
    count, first = full_mailbox.full_lately(tx, message.contact_id)
    return count >= MESSAGES and first is not None and env.now() - first >= FOR
