"""How is a secret kept in the database so that the database alone does not give it away?

AES-256-GCM with a key made from `service.secret_keys`, which are not in the database. Each sealed
text carries the id of its key, so that keys can be rotated, and is bound to what it is about: put
into another row it does not open (trust WS-39).

    sealed = seal("JBSWY3DP…", about="totp:7", keys=env.signer.secrets_for(SEAL))
    unseal(sealed, about="totp:7", keys=env.signer.secrets_for(SEAL))

The library is read when the first secret is: it takes six megabytes, and most processes need none.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence

from notifier.errors import ConfigError

SEAL = "seal"  # the name of this use for Signer.secrets_for
_FORMAT = "1"
_NONCE = 12  # bytes; NIST SP 800-38D 8.2.2: random ones do for 2^32 texts a key


def seal(text: str, *, about: str, keys: Sequence[bytes]) -> str:
    """`text` as `1.<key id>.<base64url>`, under the first of `keys` (32 bytes each)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    hidden = AESGCM(keys[0]).encrypt(nonce, text.encode(), about.encode())
    packed = urlsafe_b64encode(nonce + hidden).rstrip(b"=").decode()
    return f"{_FORMAT}.{key_id(keys[0])}.{packed}"


def unseal(sealed: str, *, about: str, keys: Sequence[bytes]) -> str:
    """What was sealed. Raises errors.ConfigError when its key is gone or it was tampered with."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    form, _, rest = sealed.partition(".")
    name, _, packed = rest.partition(".")
    key = next((one for one in keys if key_id(one) == name), None)
    if form != _FORMAT or key is None:
        raise ConfigError(
            f"A secret ({about}) was sealed with a key that is not in service.secret_keys any "
            "more. Put the old key back behind the new one, or set the secret anew."
        )
    try:
        raw = urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
    except (InvalidTag, NotBase64, ValueError) as error:
        raise ConfigError(
            f"A secret ({about}) was changed in the database and does not open. Set it anew."
        ) from error


def is_newest(sealed: str, *, keys: Sequence[bytes]) -> bool:
    """Whether it is sealed with the first key: what is not is sealed anew after a rotation."""
    return sealed.startswith(f"{_FORMAT}.{key_id(keys[0])}.")


def key_id(key: bytes) -> str:
    """Eight hex digits that name a key and say nothing of it."""
    return hashlib.sha256(b"key id:" + key).hexdigest()[:8]
