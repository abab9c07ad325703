"""How is a link made that only we can have made, and what may it do?

A token is `key id, subject, [expiry]` and an HMAC-SHA256 over them, cut to 128 bits, with a key of
its own for every purpose: an unsubscribe link can never manage, a confirm link never unsubscribe.
No row is needed for a link, so a million messages cost no million rows. The text has exactly one
valid spelling: anything else is refused, so a token can be compared and logged by its subject.
Requirements: trust WS-2, WS-3, L10.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from notifier.errors import BadToken, ConfigError

MAC_BYTES = 16
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BLOCK = 64  # bytes
_INNER = bytes(one ^ 0x36 for one in range(256))
_OUTER = bytes(one ^ 0x5C for one in range(256))
SKEW = timedelta(minutes=5)


class Purpose(StrEnum):
    CONFIRM = "confirm"  # subject: subscription
    UNSUBSCRIBE = "unsubscribe"  # subject: subscription; never expires
    MANAGE = "manage"  # subject: contact
    KEEP = "keep"  # subject: subscription; still waiting
    PRODUCT = "product"  # subject: message; the tracked link
    MESSAGE = "message"  # subject: message; Message-ID, VERP, callbacks
    HOLD = "hold"  # subject: hold; the operator's one click
    ORDER = "order"  # subject: order line; never expires
    FORM = "form"  # one-time value of a form
    ADDRESS = "address"  # keyed hash of addresses


_EXPIRING = frozenset({Purpose.CONFIRM, Purpose.MANAGE, Purpose.KEEP, Purpose.HOLD, Purpose.FORM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a valid token says."""

    purpose: Purpose
    subject: int
    expires_at: datetime | None


class Signer:
    """Makes and reads tokens. `keys`: newest first; all are accepted, the first signs."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys or any(len(key) < 20 for key in keys):
            raise ConfigError(
                "service.secret_keys needs at least one key of 20 characters or more. "
                "`notifier init` makes one."
            )
        self._keys = {_key_id(key): key.encode() for key in keys}
        if len(self._keys) != len(keys):
            raise ConfigError("Two of service.secret_keys look alike; make another one.")
        self._newest = _key_id(keys[0])
        self._derived: dict[tuple[bytes, Purpose], KeyedHash] = {}
        self._uses: dict[str, tuple[bytes, ...]] = {}
        # addresses must hash alike after a rotation, so they hang on the oldest key
        self._addresses = self._derive(_key_id(keys[-1]), Purpose.ADDRESS)

    def make(self, purpose: Purpose, subject: int, *, expires_at: datetime | None = None) -> str:
        """A token of 35 to 42 characters, fit for a path. Expiry is kept to the second."""
        expires = purpose in _EXPIRING
        if expires != (expires_at is not None):
            raise ValueError(f"{purpose} tokens must{'' if expires else ' not'} expire")
        body = self._newest + subject.to_bytes(8, "big")
        if expires_at is not None:
            body += int(expires_at.timestamp()).to_bytes(5, "big")
        return _encode(body + self._mac(self._newest, purpose, body))

    def read(self, token: str, *, purpose: Purpose, now: datetime) -> Claim:
        """What the token says, or errors.BadToken: one error for every reason."""
        raw = _decode(token)
        length = 10 + (5 if purpose in _EXPIRING else 0)
        if len(raw) != length + MAC_BYTES or raw[:2] not in self._keys:
            raise BadToken("This link is not valid.")
        body, mac = raw[:length], raw[length:]
        if not hmac.compare_digest(mac, self._mac(raw[:2], purpose, body)):
            raise BadToken("This link is not valid.")
        expires_at = None
        if purpose in _EXPIRING:
            expires_at = datetime.fromtimestamp(int.from_bytes(body[10:], "big"), UTC)
            if expires_at <= now:
                raise BadToken("This link is too old.")
        return Claim(
            purpose=purpose, subject=int.from_bytes(body[2:10], "big"), expires_at=expires_at
        )

    def hash_address(self, medium: str, address: str) -> str:
        """A keyed hash under which an address is found and suppressed; 64 hex digits."""
        text = f"{medium}\x00{address}".encode()
        return self._addresses.digest(text).hex()

    def secret_for(self, name: str) -> bytes:
        """A key of 32 bytes for a named inner use (VERP, proof of work)."""
        return self.secrets_for(name)[0]

    def secrets_for(self, name: str) -> tuple[bytes, ...]:
        """The same for every key that still counts, newest first: to read what was made before."""
        found = self._uses.get(name)
        if found is None:
            use = f"use:{name}".encode()
            found = tuple(
                hmac.new(key, use, hashlib.sha256).digest() for key in self._keys.values()
            )
            self._uses[name] = found
        return found

    def _derive(self, key_id: bytes, purpose: Purpose) -> KeyedHash:
        found = self._derived.get((key_id, purpose))
        if found is None:
            salt = f"notifier:{purpose}".encode()
            key = hmac.new(self._keys[key_id], salt, hashlib.sha256).digest()
            found = self._derived[key_id, purpose] = KeyedHash(key)
        return found

    def _mac(self, key_id: bytes, purpose: Purpose, body: bytes) -> bytes:
        return self._derive(key_id, purpose).digest(body)[:MAC_BYTES]


class KeyedHash:
    """HMAC-SHA256 with one key (RFC 2104). The key is hashed once, not for every message: a
    fifth of the time `hmac` takes for a short one."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """32 bytes."""
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


def _key_id(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:2]


def _encode(raw: bytes) -> str:
    """What urlsafe_b64encode gives, without padding, in half the time."""
    return b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def _decode(token: str) -> bytes:
    """The bytes of a token in its one valid spelling, else errors.BadToken."""
    if not token.isascii() or len(token) > 64:
        raise BadToken("This link is not valid.")
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise BadToken("This link is not valid.") from error
    if _encode(raw) != token:
        raise BadToken("This link is not valid.")
    return raw
