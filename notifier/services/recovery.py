"""Which codes let somebody in whose phone is lost? Ten, each once; shown when they are made."""

from __future__ import annotations

import hashlib
import secrets

from notifier.services.env import Env
from notifier.store import recovery_codes
from notifier.store.session import Transaction

HOW_MANY = 10
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_LENGTH = 16  # 79 bits: nobody guesses one, so that a plain hash keeps it


def make_codes(env: Env, tx: Transaction, account_id: int) -> list[str]:
    """New codes, `abcd-efgh-jkmn-pqrs`; those there were do not work any more."""
    bare = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(HOW_MANY)]
    hashes = [_hash(account_id, code) for code in bare]
    recovery_codes.replace_codes(tx, account_id, hashes=hashes, now=env.now())
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in bare]


def use_code(env: Env, tx: Transaction, account_id: int, code: str) -> bool:
    """Use one up. False when it is none, or was used."""
    bare = "".join(sign for sign in code.lower() if sign in _SIGNS)
    if len(bare) != _LENGTH:
        return False
    return recovery_codes.use_code(tx, account_id, code_hash=_hash(account_id, bare), now=env.now())


def drop_codes(env: Env, tx: Transaction, account_id: int) -> None:
    recovery_codes.replace_codes(tx, account_id, hashes=[], now=env.now())


def _hash(account_id: int, bare: str) -> str:
    return hashlib.sha256(f"{account_id}:{bare}".encode()).hexdigest()
