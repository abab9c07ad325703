"""What is a browser given to sign with a passkey, and is an answer to it the first?

Challenges are signed, so that none is stored, good for five minutes, and used up by the first
answer. One made for signing in does not serve to add a passkey, nor one session's another's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from notifier.errors import InvalidInput
from notifier.services.env import Env
from notifier.store import limits
from notifier.store.session import Transaction

ANSWER_WITHIN = timedelta(minutes=5)
_USE = "passkey"
_BODY = 21  # 16 random bytes, and until when in 5


def make_challenge(env: Env, purpose: str) -> bytes:
    """37 bytes nobody can foresee, good for `purpose` only."""
    until = int((env.now() + ANSWER_WITHIN).timestamp())
    body = os.urandom(16) + until.to_bytes(5, "big")
    return body + _mac(env.signer.secret_for(_USE), purpose, body)


def read_challenge(env: Env, given: Mapping[str, Any], purpose: str) -> bytes:
    """The challenge a browser's answer is to. Raises errors.InvalidInput `wrong`, `too_late`."""
    try:
        told = json.loads(_bytes(str(given["response"]["clientDataJSON"])))
        challenge = _bytes(str(told["challenge"]))
    except (ValueError, KeyError, TypeError, RecursionError, NotBase64) as error:
        raise not_known() from error
    body, mac = challenge[:_BODY], challenge[_BODY:]
    keys = env.signer.secrets_for(_USE)
    if not any(hmac.compare_digest(mac, _mac(key, purpose, body)) for key in keys):
        raise not_known()
    if datetime.fromtimestamp(int.from_bytes(body[16:], "big"), UTC) <= env.now():
        raise InvalidInput.of("passkey", "too_late", "That took too long. Please try again.")
    return challenge


def use_challenge(env: Env, tx: Transaction, challenge: bytes) -> bool:
    """Use it up. False when it was answered before."""
    key = urlsafe_b64encode(challenge[:16]).decode()
    return limits.spend(tx, _USE, key, expires_at=env.now() + ANSWER_WITHIN)


def not_known() -> InvalidInput:
    """The one answer to whatever is wrong with a passkey."""
    return InvalidInput.of("passkey", "wrong", "This passkey is not known here.")


def _mac(key: bytes, purpose: str, body: bytes) -> bytes:
    return hmac.new(key, purpose.encode() + b"\0" + body, hashlib.sha256).digest()[:16]


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
