"""Whose bounce is this? Makes and reads return addresses that carry a letter's uid and a MAC.

`b+<uid>.<mac>@bounces.example` is the envelope sender (VERP), `u+<uid>.<mac>@…` takes
unsubscribing by mail. Without the MAC anybody could post a bounce and silence another customer
(trust EM-13, EM-14). The MAC is 80 bits of HMAC-SHA256, in base32 so that a relay that changes
the case does no harm to it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from notifier.signing import KeyedHash

__all__ = ["ReturnPath", "ReturnPurpose", "find_tokens", "make_address", "make_token", "read_token"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # base32 (RFC 4648 6) in lower case
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
LONGEST_UID = 45  # what a local part of 64 leaves (RFC 5321 4.5.3.1.1)

_UID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_TOKEN = re.compile(r"(?<![\w+])([bu])\+([A-Za-z0-9_.-]{1,45})\.([A-Za-z2-7]{16})(?![\w-])")


class ReturnPurpose(StrEnum):
    BOUNCE = "b"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """What a genuine return address stands for."""

    purpose: ReturnPurpose
    uid: str


def make_token(purpose: ReturnPurpose, uid: str, *, secret: bytes) -> str:
    """The local part: `b+<uid>.<mac>`. Raises ValueError when the uid does not fit into one."""
    if not secret:
        raise ValueError("A return address needs a secret.")
    if len(uid) > LONGEST_UID or not _UID.fullmatch(uid):
        raise ValueError(
            f"The uid {uid[:80]!r} does not fit into a return address: at most {LONGEST_UID} "
            "letters, digits, dots, - and _."
        )
    return f"{purpose}+{uid}.{_mac(purpose, uid, secret)}"


def make_address(purpose: ReturnPurpose, uid: str, *, domain: str, secret: bytes) -> str:
    """The whole address at `domain`."""
    return f"{make_token(purpose, uid, secret=secret)}@{domain}"


def read_token(text: str, *, secrets: Iterable[bytes]) -> ReturnPath | None:
    """The first genuine token in an address or any other text, or None.

    `secrets`: the present one and those before it that still count.
    """
    return next(find_tokens(text, secrets=secrets), None)


def find_tokens(text: str, *, secrets: Iterable[bytes]) -> Iterator[ReturnPath]:
    """Every genuine token in the text, in order. Looks at no more than 64 of them."""
    known = tuple(secret for secret in secrets if secret)
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count >= 64:
            return
        purpose, uid, mac = ReturnPurpose(match[1]), match[2], match[3].lower()
        if any(hmac.compare_digest(mac, _mac(purpose, uid, secret)) for secret in known):
            yield ReturnPath(purpose, uid)


def _mac(purpose: ReturnPurpose, uid: str, secret: bytes) -> str:
    digest = _keyed(secret).digest(f"return-address v1 {purpose} {uid}".encode())
    number = int.from_bytes(digest[:10], "big")
    return "".join([_PAIRS[number >> shift & 0x3FF] for shift in range(70, -1, -10)])


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> KeyedHash:
    return KeyedHash(secret)
