"""Does what leaves reach a mailbox through a real Postfix, signed by a real OpenDKIM, with nothing
that SpamAssassin minds, and is what comes back understood? Each where it is installed."""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path

import pytest

from notifier.channels.base import Blame, Outcome, ReceiptKind
from notifier.channels.email_smtp import read_mail
from notifier.domain.message import MessageKind
from notifier.domain.message_samples import SAMPLES, sample_context
from notifier.rendering.renderer import Medium, shipped_renderer
from tests import real_postfix
from tests.contracts.mail_channel import SECRET, Connect, Key, a_letter, connect, key, send
from tests.real_postfix import BOUNCES, Postfix
from tests.timing import wait_until

WHY_NOT = real_postfix.why_not()
pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]

TEMPLATES = Path(__file__).parents[2] / "templates" / "messages" / "en"
KINDS = sorted(one.name for one in TEMPLATES.iterdir())
CARELESS = {  # what SpamAssassin finds in the frame that this test puts round a text
    *("ALL_TRUSTED", "NO_RELAYS", "NO_RECEIVED", "MSGID_SHORT", "MSGID_FROM_MTA_HEADER"),
    "HTML_MESSAGE",
}
ONE_CLICK = (
    ("List-Unsubscribe", "<https://notify.kettle.example/u/abc>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)


@pytest.fixture(scope="module")
def postfix(key: Key) -> Iterator[Postfix]:
    with real_postfix.running(key=key[0]) as postfix:
        yield postfix


def test_every_letter_arrives_once_as_it_was_written(postfix: Postfix, connect: Connect) -> None:
    text = ".\n..two dots\nGröße „L“ – 49 €\n" + "a long line " * 120 + "\nFrom the shop\n"
    addresses = {f"ann{n}@people.example": n for n in range(1, 61)}
    letters = [a_letter(n, to=address, text=text) for address, n in addresses.items()]

    results = send(connect(postfix, connections=16), *letters)

    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    wait_until(lambda: {mail["To"] for mail in _arrived(postfix)} >= addresses.keys())
    mails = [mail for mail in _arrived(postfix) if mail["To"] in addresses]
    assert len(mails) == len(letters)
    for mail in mails:
        part = mail.get_body(("plain",))
        assert part is not None
        # the last line end belongs to what divides the parts (RFC 2046, 5.1.1)
        assert part.get_content().replace("\r\n", "\n") == text.removesuffix("\n")


def test_who_is_not_there_is_known_at_once_or_from_the_mail_that_comes_back(
    postfix: Postfix, connect: Connect
) -> None:
    channel = connect(postfix, bounce_domain=BOUNCES)

    results = send(
        channel,
        a_letter(101, to="ann@people.example"),
        a_letter(102, to="nobody@people.example"),
        a_letter(103, to="gone@later.example"),
    )

    assert (results[102].outcome, results[102].blame) == (Outcome.REFUSED, Blame.ADDRESS)
    assert results[101].outcome is results[103].outcome is Outcome.ACCEPTED
    wait_until(lambda: bool(postfix.mails("bounces")))
    [back] = postfix.mails("bounces")
    receipt = read_mail(back, secrets=[SECRET])
    assert receipt is not None
    assert (receipt.kind, receipt.uid) == (ReceiptKind.BOUNCED, "m103.k3y")


def test_one_click_unsubscribe_is_signed_and_the_signature_holds(
    postfix: Postfix, connect: Connect, key: Key
) -> None:
    if not postfix.signs:
        pytest.skip("OpenDKIM is not installed (Debian: apt-get install opendkim).")
    dkim = pytest.importorskip("dkim", reason="needs the extra dkim")

    send(connect(postfix), a_letter(201, to="ann201@people.example", headers=ONE_CLICK))

    wait_until(lambda: any(b"ann201@" in one for one in postfix.mails("people")))
    [raw] = [one for one in postfix.mails("people") if b"ann201@" in one]
    signed = message_from_bytes(raw)["DKIM-Signature"]
    names = re.sub(r"\s", "", re.search(r"\bh=([^;]*)", signed)[1]).lower().split(":")  # type: ignore[index]
    assert {"from", "to", "subject", "date", "message-id"} <= set(names)
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
    as_sent = raw.replace(b"\n", b"\r\n")
    assert dkim.verify(as_sent, dnsfunc=lambda _name, timeout=5: key[1].encode())


def test_spamassassin_finds_nothing_in_any_kind_of_mail() -> None:
    if shutil.which("spamassassin") is None:
        pytest.skip("SpamAssassin is not installed (Debian: apt-get install spamassassin).")
    mails = {
        f"{locale} {kind}": _mail(MessageKind(kind), locale)
        for locale in ("en", "de", "es")
        for kind in KINDS
    }

    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(mails, threads.map(_minded, mails.values()), strict=True))

    assert {name: rules for name, rules in found.items() if rules} == {}


def _arrived(postfix: Postfix) -> list[EmailMessage]:
    return [message_from_bytes(raw, policy=POLICY) for raw in postfix.mails("people")]


def _mail(kind: MessageKind, locale: str) -> bytes:
    context = sample_context(kind, locale, SAMPLES[0])
    said = shipped_renderer().render(
        kind, medium=Medium.EMAIL, shop="", locale=locale, context=context
    )
    mail = EmailMessage(policy=POLICY)
    mail["From"] = "Kettle & Co <hello@kettle.example>"
    mail["To"] = "ann@people.example"
    mail["Subject"] = said.subject
    mail["Date"] = "Tue, 01 Dec 2026 10:00:00 +0000"
    mail["Message-ID"] = "<m1.k3y@kettle.example>"
    mail.set_content(said.text)
    mail.add_alternative(said.html, subtype="html")
    return mail.as_bytes()


def _minded(mail: bytes) -> set[str]:
    """The rules that found something, without asking anybody on the network."""
    words = ["spamassassin", "--local", "--test-mode"]
    report = subprocess.run(words, input=mail, capture_output=True, check=True).stdout
    table = report.decode("utf-8", "replace").rpartition("Content analysis details")[2]
    assert "pts rule name" in table
    return set(re.findall(r"^ *-?\d+\.\d ([A-Z]\w+)", table, re.MULTILINE)) - CARELESS
