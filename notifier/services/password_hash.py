"""How is a password kept, and how is one compared so that the time taken tells nothing?

argon2id with the second recommended option of RFC 9106 (64 MiB, three passes, four lanes), which
is what argon2-cffi does by itself. Not more than a few at a time: each takes its memory.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from notifier.errors import TooMany

AT_ONCE = 4
PATIENCE = 10.0  # seconds until a turn
_turns = threading.BoundedSemaphore(AT_ONCE)


@cache
def hasher() -> PasswordHasher:
    """The one that hashes; its settings are in every hash, so that they can change."""
    return PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash, with salt and settings in it. Raises errors.TooMany when all is busy."""
    with _turn():
        return hasher().hash(password)


def is_password(stored: str, password: str) -> bool:
    """Whether `stored` is the hash of `password`. Takes as long where nothing is stored."""
    decoy = _decoy()  # made before anything is compared: the first to ask waits for it too
    with _turn():
        try:
            return hasher().verify(stored or decoy, password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other settings than today's."""
    return hasher().check_needs_rehash(stored)


@cache
def _decoy() -> str:
    """The hash of what nobody knows."""
    return hasher().hash(secrets.token_hex(32))


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise TooMany(
            "Too many people sign in at this moment. Please try again shortly.",
            retry_after=timedelta(seconds=5),
        )
    try:
        yield
    finally:
        _turns.release()
