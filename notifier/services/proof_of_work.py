"""Has this browser done some work before it asks? (ALTCHA, SHA-256; trust WS-12, L15)

A challenge is bound to shop and product, valid for ten minutes and used once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from urllib.parse import quote_plus

from notifier.services.env import Env, ShopRef
from notifier.signing import KeyedHash
from notifier.store import limits
from notifier.store.session import Transaction

VALID_FOR = timedelta(minutes=10)
VALID_SECONDS = int(VALID_FOR.total_seconds())
HARDNESS = 30_000  # numbers to try at most; about a tenth of a second on a phone
LONGEST = 2_000
SALT_BYTES = 12


def make_challenge(env: Env, shop: ShopRef, *, about: str) -> bytes | None:
    """What the widget must solve, as JSON; None where the shop asks for no work.

    Made as altcha.v1.create_challenge makes it, at a fraction of the price: each visitor gets one.
    """
    if shop.config.proof_of_work == "never":
        return None
    said, expires = _until(f"{shop.slug}:{about}", int(env.now().timestamp()) + VALID_SECONDS)
    chance = secrets.token_bytes(SALT_BYTES + 8)
    salt = f"{chance[8:].hex()}?{said}"
    number = int.from_bytes(chance[:8], "big") % (HARDNESS + 1)
    challenge = hashlib.sha256(f"{salt}{number}".encode()).hexdigest()
    signature = _signer(env.signer.secret_for("pow")).digest(challenge.encode()).hex()
    return (  # nothing in it that JSON would write in another way
        f'{{"algorithm":"SHA-256","challenge":"{challenge}","salt":"{salt}",'
        f'"signature":"{signature}","maxnumber":{HARDNESS},"expires":"{expires}"}}'
    ).encode("ascii")


@lru_cache(1_000)
def _until(about: str, second: int) -> tuple[str, str]:
    """What a salt says of a challenge that is good until then, and that moment for the widget."""
    expires = datetime.fromtimestamp(second, UTC).isoformat()
    return f"expires={second}&for={quote_plus(about)}&", expires


@lru_cache(4)
def _signer(key: bytes) -> KeyedHash:
    return KeyedHash(key.hex().encode())  # the library wants a text as its key


def has_worked(env: Env, shop: ShopRef, payload: object, *, about: set[str]) -> bool:
    """True for a solution that is right, for one of `about`, in time, and not used before."""
    [spent] = spend_all(env, [work_shown(env, shop, payload, about=about)])
    if isinstance(spent, Exception):
        raise spent
    return spent


def work_shown(env: Env, shop: ShopRef, payload: object, *, about: set[str]) -> str | None:
    """The challenge that was solved, if the solution is right, for one of `about` and in time.

    Whether it was used before is not known yet: see `spend_all`.
    """
    if not isinstance(payload, str) or not 0 < len(payload) <= LONGEST:
        return None
    from altcha.v1 import extract_params, verify_solution

    try:
        solution = json.loads(base64.b64decode(payload, validate=True))
        fits = isinstance(solution, dict) and isinstance(solution.get("salt"), str)
    except (ValueError, RecursionError):
        return None
    if not fits:
        return None
    key = env.signer.secret_for("pow").hex()
    right, _ = verify_solution(solution, key, check_expires=False)
    if not right:
        return None
    said = extract_params(solution)
    expires = int((said.get("expires") or ["0"])[0])
    if expires < env.now().timestamp():
        return None
    if not {f"{shop.slug}:{one}" for one in about} & set(said.get("for") or []):
        return None
    return str(solution["challenge"])


def spend_all(env: Env, shown: Sequence[str | None]) -> list[bool | Exception]:
    """Use up challenges that were solved: of each whether it was still good, or an error."""
    spent: list[bool | Exception] = [False] * len(shown)
    places = [n for n, one in enumerate(shown) if one is not None]
    works = [(partial(_spend, env, one), None) for one in shown if one is not None]
    for n, outcome in zip(places, env.db.all_together(works), strict=True):
        spent[n] = outcome
    return spent


def _spend(env: Env, challenge: str, tx: Transaction) -> bool:
    return limits.spend(tx, "pow", challenge, expires_at=env.now() + VALID_FOR * 2)
