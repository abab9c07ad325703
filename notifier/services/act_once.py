"""Did a delivery from outside have its effect before, and what if the same comes twice at a time?

    a name of the delivery → act, unless that was done → remembered for a week

Longer than any sender's signature counts, and than any of them tries again. One that failed may
come again. Whose word a delivery is was checked by who asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from notifier.services import answer_once
from notifier.services.env import Env
from notifier.store import limits

REMEMBERED = timedelta(days=7)


class Acted(StrEnum):
    """What became of a delivery."""

    DONE = "done"
    BEFORE = "before"  # it had its effect already
    BUSY = "busy"  # the same is being worked on at this moment


def act_once(
    env: Env, name: str, *, scope: str, act: Callable[[], object], body: bytes = b""
) -> Acted:
    """Do `act` unless it was done for this name. `body`: what it said, for a name that its sender
    chose. Raises what `act` raises; then nothing is remembered."""
    key = hashlib.sha256(name.encode()).hexdigest()
    with env.db.read() as tx:
        if limits.is_spent(tx, "webhook", key):
            return Acted.BEFORE
    digest = hashlib.sha256(body).hexdigest()
    known = answer_once.begin(env, scope, key, body_hash=digest)
    if known is not None:
        return Acted.BUSY if known.status is None else Acted.BEFORE
    try:
        act()
    except BaseException:
        answer_once.forget(env, scope, key)
        raise
    answer_once.finish(env, scope, key, status=200, body=b"")
    until = env.now() + REMEMBERED
    env.db.retry(lambda tx: limits.spend(tx, "webhook", key, expires_at=until))
    return Acted.DONE
