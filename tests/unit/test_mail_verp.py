"""Can a return address be made, read back, and not be forged?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.smtp.verp import (
    ReturnPath,
    ReturnPurpose,
    find_tokens,
    make_address,
    make_token,
    read_token,
)

SECRET, OLD_SECRET = b"new secret", b"old secret"
uids = st.from_regex(r"\A[A-Za-z0-9_-]{1,20}(\.[A-Za-z0-9_-]{1,20})?\Z")


@given(uids, st.sampled_from(list(ReturnPurpose)))
def test_a_return_address_is_read_back(uid: str, purpose: ReturnPurpose) -> None:
    address = make_address(purpose, uid, domain="b.kettle.example", secret=SECRET)

    assert len(address.partition("@")[0]) <= 64
    assert read_token(address, secrets=[SECRET]) == ReturnPath(purpose, uid)
    assert read_token(f"Eve <{address}>, x@y.example", secrets=[SECRET]) is not None


@given(uids, st.integers(0, 60), st.characters(codec="ascii"))
def test_a_changed_address_is_nobodys(uid: str, where: int, instead: str) -> None:
    token = make_token(ReturnPurpose.BOUNCE, uid, secret=SECRET)
    at = where % len(token)
    forged = token[:at] + instead + token[at + 1 :]

    found = read_token(forged, secrets=[SECRET])

    assert found is None or (found.uid == uid and forged.lower() == token.lower())


def test_a_bounce_address_is_no_unsubscribe_address() -> None:
    token = make_token(ReturnPurpose.BOUNCE, "m7", secret=SECRET)

    assert read_token("u" + token[1:], secrets=[SECRET]) is None


def test_addresses_of_before_a_new_key_still_count() -> None:
    token = make_token(ReturnPurpose.BOUNCE, "m7", secret=OLD_SECRET)

    assert read_token(token, secrets=[SECRET]) is None
    assert read_token(token, secrets=[SECRET, OLD_SECRET]) is not None
    assert read_token(token, secrets=[b""]) is None


def test_a_mac_survives_a_relay_that_changes_its_case() -> None:
    local, _, mac = make_token(ReturnPurpose.BOUNCE, "m7", secret=SECRET).rpartition(".")

    assert read_token(f"{local}.{mac.upper()}", secrets=[SECRET]) is not None


@pytest.mark.parametrize("uid", ["", "a b", "a@b", "a..b", ".a", "x" * 46, "é"])
def test_a_uid_that_does_not_fit_is_refused(uid: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        make_token(ReturnPurpose.BOUNCE, uid, secret=SECRET)


def test_nothing_is_made_without_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        make_token(ReturnPurpose.BOUNCE, "m7", secret=b"")


def test_a_text_full_of_false_tokens_is_not_worked_through() -> None:
    good = make_token(ReturnPurpose.BOUNCE, "m7", secret=SECRET)
    flood = ("b+m1." + "a" * 16 + " ") * 100_000

    assert list(find_tokens(flood + good, secrets=[SECRET])) == []
