"""Links: only we can make them, and each may do one thing (trust WS-2, WS-3, L10; 5.E)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import BadToken, ConfigError
from notifier.signing import KeyedHash, Purpose, Signer

NOW = datetime(2026, 12, 1, tzinfo=UTC)
KEY = "first key, long enough for anything"
OTHER = "second key, also long enough to use"


def test_a_token_says_what_it_was_made_for() -> None:
    token = Signer((KEY,)).make(Purpose.UNSUBSCRIBE, 42)
    claim = Signer((KEY,)).read(token, purpose=Purpose.UNSUBSCRIBE, now=NOW)
    assert (claim.subject, claim.expires_at) == (42, None)
    assert len(token) <= 42


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.UNSUBSCRIBE])
def test_an_unsubscribe_link_can_do_nothing_else(purpose: Purpose) -> None:
    signer = Signer((KEY,))
    token = signer.make(Purpose.UNSUBSCRIBE, 42)
    with pytest.raises(BadToken):
        signer.read(token, purpose=purpose, now=NOW)


def test_an_expired_token_is_refused_to_the_second() -> None:
    signer = Signer((KEY,))
    token = signer.make(Purpose.CONFIRM, 1, expires_at=NOW)
    signer.read(token, purpose=Purpose.CONFIRM, now=NOW - timedelta(seconds=1))
    with pytest.raises(BadToken):
        signer.read(token, purpose=Purpose.CONFIRM, now=NOW)


def test_old_keys_are_read_after_two_rotations_and_not_once_removed() -> None:
    old = Signer((KEY,)).make(Purpose.UNSUBSCRIBE, 7)
    third = "third key, the newest of them all"
    rotated = Signer((third, OTHER, KEY))
    assert rotated.read(old, purpose=Purpose.UNSUBSCRIBE, now=NOW).subject == 7
    assert rotated.make(Purpose.UNSUBSCRIBE, 7) != old
    with pytest.raises(BadToken):
        Signer((third, OTHER)).read(old, purpose=Purpose.UNSUBSCRIBE, now=NOW)


def test_addresses_hash_alike_after_a_rotation() -> None:
    before = Signer((KEY,)).hash_address("email", "ann@waits.example")
    after = Signer((OTHER, KEY)).hash_address("email", "ann@waits.example")
    assert before == after
    assert before != Signer((KEY,)).hash_address("sms", "ann@waits.example")


@given(st.integers(min_value=0, max_value=2**63 - 1), st.data())
def test_any_changed_character_is_refused(subject: int, data: st.DataObject) -> None:
    signer = Signer((KEY,))
    token = signer.make(Purpose.UNSUBSCRIBE, subject)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_="))
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(BadToken):
            signer.read(changed, purpose=Purpose.UNSUBSCRIBE, now=NOW)


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c", "x" * 100_000, "é" * 35, "=" * 35, "AAAA====", "../../etc"]
)
def test_5E_151_rubbish_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        Signer((KEY,)).read(text, purpose=Purpose.UNSUBSCRIBE, now=NOW)


def test_5E_a_token_has_exactly_one_spelling() -> None:
    signer = Signer((KEY,))
    token = signer.make(Purpose.UNSUBSCRIBE, 42)
    for other in (token + "=", token.lower(), token + "A", f" {token}", token.replace("-", "+")):
        if other != token:
            with pytest.raises(BadToken):
                signer.read(other, purpose=Purpose.UNSUBSCRIBE, now=NOW)


@pytest.mark.parametrize("keys", [(), ("short",), (KEY, "short"), (KEY, KEY)])
def test_keys_that_cannot_serve_are_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        Signer(keys)


@pytest.mark.parametrize(("purpose", "expires_at"), [("confirm", None), ("unsubscribe", NOW)])
def test_a_link_that_nobody_could_open_is_not_made(
    purpose: str, expires_at: datetime | None
) -> None:
    with pytest.raises(ValueError, match="expire"):
        Signer((KEY,)).make(Purpose(purpose), 42, expires_at=expires_at)


def test_what_was_made_before_a_rotation_can_still_be_read_by_its_inner_key() -> None:
    before = Signer((KEY,)).secret_for("verp")
    after = Signer((OTHER, KEY))
    assert after.secret_for("verp") != before, "the newest key signs"
    assert before in after.secrets_for("verp"), "else a bounce of yesterday's mail is not believed"


def test_a_long_key_hashes_as_the_standard_says() -> None:
    key, said = b"k" * 100, b"ann@waits.example"
    assert KeyedHash(key).digest(said) == hmac.new(key, said, hashlib.sha256).digest()
