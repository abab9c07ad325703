"""Does our own signature verify, and does it cover what receivers insist on?"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.channels.base import Letter
from notifier.channels.email_smtp import Channel, Settings
from notifier.channels.smtp.dkim_signature import make_signer
from notifier.channels.smtp.mime import build_mail
from notifier.errors import ConfigError
from tests.contracts.mail_channel import Key, key
from tests.timing import SettableClock

dkim = pytest.importorskip("dkim", reason="needs the extra dkim")


def settings_for(key: Key) -> Settings:
    return Settings(
        host="localhost",
        from_address="Kettle & Co <hello@kettle.example>",
        dkim_domain="kettle.example",
        dkim_selector="s1",
        dkim_key_file=str(key[0]),
    )


def signed_mail(key: Key) -> bytes:
    settings = settings_for(key)
    letter = Letter(
        message_id=7,
        uid="m7",
        attempt_no=1,
        kind="back_in_stock",
        address="ann@waits.example",
        shop="kettle",
        subject="Es ist da: der rote Kessel 🫖",
        text="Es ist da.\n",
        html="<p>Es ist da.</p>\n",
        headers=(("List-Unsubscribe", "<https://notify.kettle.example/u/" + "x" * 300 + ">"),),
    )
    now = datetime(2026, 12, 1, tzinfo=UTC)
    return build_mail(
        letter, settings=settings, secret=b"", now=now, sign=make_signer(settings)
    ).content


def verifies(mail: bytes, key: Key) -> bool:
    def lookup(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.kettle.example."
        return key[1].encode()

    return bool(dkim.verify(mail, dnsfunc=lookup))


def test_a_signature_verifies(key: Key) -> None:
    assert verifies(signed_mail(key), key)


def test_both_unsubscribe_headers_are_signed(key: Key) -> None:
    mail = signed_mail(key)

    unfolded = re.sub(rb"\r\n[ \t]", b" ", mail)
    match = re.search(rb"^DKIM-Signature:.*?\bh=([^;]+);", unfolded, re.M)
    assert match is not None
    signed = {name.strip().decode() for name in match[1].split(b":")}
    wanted = (
        "from to subject date message-id mime-version content-type list-unsubscribe "
        "list-unsubscribe-post auto-submitted"
    )
    assert signed >= set(wanted.split())


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        (b"/u/xxx", b"/u/yyy"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
        (b"Es ist da", b"Es ist weg"),
        (b"\r\nTo:", b"\r\nSubject: Buy\r\nTo:"),
    ],
)
def test_what_is_changed_on_the_way_no_longer_verifies(
    what: bytes, instead: bytes, key: Key
) -> None:
    mail = signed_mail(key)
    assert what in mail

    assert not verifies(mail.replace(what, instead, 1), key)


def test_no_header_is_signed_that_a_relay_may_still_add(key: Key) -> None:
    assert verifies(b"List-Id: <x>\r\n" + signed_mail(key), key)


def test_a_key_that_cannot_be_used_is_found_at_the_start(tmp_path: Path) -> None:
    bad = tmp_path / "key.pem"
    bad.write_text("no key")

    for file, said in ((bad, "no usable RSA key"), (tmp_path / "gone.pem", "cannot be read")):
        with pytest.raises(ConfigError, match=said):
            Channel(settings_for((file, "")), clock=SettableClock())
