"""Ann, who was told of the kettle, and what providers say of that message later."""

from __future__ import annotations

import itertools
from typing import Any

from notifier.channels.base import Receipt, ReceiptKind
from notifier.services.env import Env
from notifier.services.receive import receive
from notifier.signing import Purpose
from tests.web.storefront import Storefront

numbers = itertools.count(1)


def tell_of_kettle(store: Storefront) -> int:
    """Ann was told that the kettle is back and waits for a shirt; the message's id."""
    for key in ("KETTLE", "S"):
        store.stock(key, 0)
        store.wait(key)
    store.stock("KETTLE", 5)
    store.send()
    return int(store.one("SELECT id FROM messages WHERE kind = 'back_in_stock'"))


def uid(env: Env, message: int) -> str:
    return env.signer.make(Purpose.MESSAGE, message)


def say(env: Env, message: int, kind: ReceiptKind, **said: Any) -> bool:
    """A provider says it of the message, as a new event unless `event_id` names one."""
    event = said.pop("event_id", f"event {next(numbers)}")
    receipt = Receipt(provider="test", event_id=event, kind=kind, uid=uid(env, message), **said)
    return receive(env, receipt)
