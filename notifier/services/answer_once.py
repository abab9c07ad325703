"""Was this request of a shop's server answered already, is it being worked on, or is it new?"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from notifier.errors import StoreBusy
from notifier.log import log
from notifier.services.env import Env
from notifier.store import idempotency
from notifier.store.idempotency import Answer

__all__ = ["Answer", "begin", "finish", "forget"]

LEFT_BEHIND = timedelta(minutes=10)  # a request unanswered for so long died with its process
LONGEST_SCOPE = 128


def begin(env: Env, scope: str, key: str, *, body_hash: str) -> Answer | None:
    """None when this request is to be worked on now; else what is known of the first with its
    key. Who gets None must call `finish` or `forget`."""
    now = env.now()
    return env.db.retry(
        lambda tx: idempotency.reserve(
            tx,
            scope=_short(scope),
            key=key,
            body_hash=body_hash,
            now=now,
            left_behind_before=now - LEFT_BEHIND,
        )
    )


def finish(env: Env, scope: str, key: str, *, status: int, body: bytes) -> None:
    """Keep the answer for those who ask again."""
    env.db.retry(
        lambda tx: idempotency.remember(tx, scope=_short(scope), key=key, status=status, body=body)
    )


def forget(env: Env, scope: str, key: str) -> None:
    """The request failed before it had an effect: its key may be used again at once."""
    try:
        env.db.retry(lambda tx: idempotency.release(tx, scope=_short(scope), key=key))
    except StoreBusy as error:
        # the failure that is on its way already matters more; the key frees itself later
        log.warning("idempotency key not released", why=str(error))


def _short(scope: str) -> str:
    if len(scope) <= LONGEST_SCOPE:
        return scope
    return "sha256:" + hashlib.sha256(scope.encode()).hexdigest()
