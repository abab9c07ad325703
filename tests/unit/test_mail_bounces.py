"""Are mails that come back read right, and forged ones not at all?"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.base import Blame, Receipt, ReceiptKind
from notifier.channels.bounces import read_mail
from notifier.channels.smtp.verp import ReturnPurpose, make_address, make_token

SECRET = b"a secret of Olga's"
BOUNCE = make_address(ReturnPurpose.BOUNCE, "m7.k3y", domain="b.kettle.example", secret=SECRET)
STOP = make_address(ReturnPurpose.UNSUBSCRIBE, "m7.k3y", domain="b.kettle.example", secret=SECRET)
FORGED = BOUNCE.replace("m7", "m8")


def read(mail: str, **more: str) -> Receipt | None:
    return read_mail(mail.replace("\n", "\r\n").encode(), secrets=[SECRET], **more)


def a_report(
    *,
    to: str = BOUNCE,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ann@waits.example>: User unknown",
) -> str:
    """As Postfix writes it."""
    return f"""\
Return-Path: <>
Delivered-To: {to}
Date: Tue, 1 Dec 2026 12:00:00 +0200 (CEST)
From: MAILER-DAEMON@mx.waits.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/x.mx"
Message-Id: <20261201.B@mx.waits.example>

This is a MIME-encapsulated message.

--B/x.mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/x.mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.waits.example
X-Postfix-Queue-ID: 4F2A
X-Postfix-Sender: rfc822; {to}
Arrival-Date: Tue,  1 Dec 2026 11:59:59 +0200 (CEST)

Final-Recipient: rfc822; ann@waits.example
Original-Recipient: rfc822;ann@waits.example
Action: {action}
Status: {status}
Remote-MTA: dns; in.waits.example
Diagnostic-Code: {diagnostic}

--B/x.mx
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: hello@kettle.example
To: ann@waits.example
Subject: The red kettle is back

It is back.

--B/x.mx--
"""


def test_a_bounce_names_its_message_and_why() -> None:
    receipt = read(a_report())

    assert receipt is not None
    assert (receipt.kind, receipt.blame, receipt.uid) == (
        ReceiptKind.BOUNCED,
        Blame.ADDRESS,
        "m7.k3y",
    )
    assert receipt.code == "5.1.1"
    assert receipt.at == datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
    assert "User unknown" in receipt.detail
    assert receipt.raw["recipient"] == "ann@waits.example"


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind", "blame"),
    [
        ("failed", "5.1.1", "", "bounced", "address"),
        ("Failed", "5.1.10", "", "bounced", "address"),
        ("failed", "5.4.4", "", "bounced", "address"),
        ("failed", "5.2.2", "", "soft_bounced", "mailbox"),
        ("failed", "5.2.1", "", "soft_bounced", "mailbox"),
        ("failed", "4.4.7", "", "soft_bounced", "mailbox"),
        ("failed", "5.7.1", "", "failed", "policy"),
        ("failed", "5.7.26", "", "failed", "policy"),
        ("failed", "5.3.4", "", "failed", "content"),
        ("failed", "5.0.0", "", "failed", "nobody"),
        ("failed", "5.0.0", "smtp; 550 5.1.1 User unknown", "bounced", "address"),
        ("failed", "5.0.0", "smtp; 550-5.7.1 spam", "failed", "policy"),
        ("failed", "", "smtp;550 5.1.1 User unknown", "bounced", "address"),
        ("failed", "", "smtp; 550 User unknown", "soft_bounced", "mailbox"),
        ("delayed", "4.4.1", "", "delayed", "nobody"),
        ("delivered", "2.0.0", "", "delivered", "nobody"),
    ],
)
def test_a_report_is_judged_by_its_action_and_codes(
    action: str, status: str, diagnostic: str, kind: str, blame: str
) -> None:
    receipt = read(a_report(action=action, status=status, diagnostic=diagnostic))

    assert receipt is not None
    assert (receipt.kind, receipt.blame) == (ReceiptKind(kind), Blame(blame))


@pytest.mark.parametrize("action", ["relayed", "expanded", "invented"])
def test_a_report_of_having_been_passed_on_says_nothing(action: str) -> None:
    assert read(a_report(action=action, status="2.0.0")) is None


@pytest.mark.parametrize("to", [FORGED, "bounces@b.kettle.example", "b+m7.k3y@b.kettle.example"])
def test_a_bounce_without_our_token_is_not_believed(to: str) -> None:
    assert read(a_report(to=to)) is None


def test_a_bounce_is_believed_for_the_address_it_was_delivered_to() -> None:
    report = a_report(to="catch-all@b.kettle.example")

    assert read(report) is None
    receipt = read(report, envelope_to=BOUNCE)
    assert receipt is not None
    assert receipt.uid == "m7.k3y"


def test_the_same_bounce_read_twice_is_one_event() -> None:
    first, again = read(a_report()), read(a_report())
    other = read(a_report().replace("20261201.B", "20261202.C"))

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.event_id == again.event_id != other.event_id


QMAIL = f"""\
From: MAILER-DAEMON@mail.waits.example
To: {BOUNCE}
Subject: failure notice

Hi. This is the qmail-send program at mail.waits.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@waits.example>:
"""

EXIM = f"""\
X-Failed-Recipients: ann@waits.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.waits.example>
To: {BOUNCE}
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its recipients.

  ann@waits.example
    host in.waits.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<ann@waits.example>:
    550 5.1.1 User unknown
"""


@pytest.mark.parametrize(
    ("mail", "kind", "blame"),
    [
        (QMAIL + "Sorry, no mailbox here by that name. (#5.1.1)\n", "bounced", "address"),
        (QMAIL + "192.0.2.7 does not like recipient.\n", "soft_bounced", "mailbox"),
        (QMAIL + "550 5.7.1 Spam\n", "failed", "policy"),
        (EXIM, "bounced", "address"),
        (EXIM.replace("550 5.1.1 User unknown", "550 no"), "soft_bounced", "mailbox"),
    ],
)
def test_a_bounce_in_free_text_is_ours_by_its_token_and_judged_by_codes(
    mail: str, kind: str, blame: str
) -> None:
    receipt = read(mail)

    assert receipt is not None
    assert receipt.uid == "m7.k3y"
    assert (receipt.kind, receipt.blame) == (ReceiptKind(kind), Blame(blame))


def test_a_warning_of_delay_is_no_bounce() -> None:
    warning = EXIM.replace(
        "Mail delivery failed: returning message to sender", "Warning: message 1tX delayed 24 hours"
    ).replace("X-Failed-Recipients: ann@waits.example\n", "")

    receipt = read(warning)

    assert receipt is not None
    assert receipt.kind is ReceiptKind.DELAYED


def test_a_holiday_notice_is_no_bounce() -> None:
    notice = f"""\
From: Ann <ann@waits.example>
To: {BOUNCE}
Subject: Undeliverable until Monday: I am away
Auto-Submitted: auto-replied

I am away. My old address gave 550 5.1.1 errors, use the new one.
"""
    assert read(notice) is None


def a_complaint(*, kind: str = "abuse", mail_from: str = BOUNCE, quoted: str = "") -> str:
    """As Yahoo writes it (RFC 5965)."""
    return f"""\
From: <feedback@arf.mail.example>
To: <fbl@kettle.example>
Date: Tue, 01 Dec 2026 10:00:00 +0000
Subject: FW: The red kettle is back
MIME-Version: 1.0
Message-ID: <arf1@mail.example>
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{mail_from}>
Original-Rcpt-To: <ann@waits.example>

--part1
Content-Type: message/rfc822

From: <hello@kettle.example>
{quoted}To: <ann@waits.example>
Subject: The red kettle is back

It is back.

--part1--
"""


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("abuse", ReceiptKind.COMPLAINED),
        ("Abuse", ReceiptKind.COMPLAINED),
        ("fraud", ReceiptKind.COMPLAINED),
        ("opt-out", ReceiptKind.STOPPED),
    ],
)
def test_a_complaint_is_read(kind: str, wanted: ReceiptKind) -> None:
    receipt = read(a_complaint(kind=kind))

    assert receipt is not None
    assert (receipt.kind, receipt.uid) == (wanted, "m7.k3y")


@pytest.mark.parametrize("kind", ["not-spam", "virus", "other", ""])
def test_other_feedback_changes_nothing(kind: str) -> None:
    assert read(a_complaint(kind=kind)) is None


def test_a_complaint_is_known_by_the_unsubscribe_header_it_quotes() -> None:
    quoted = f"List-Unsubscribe: <https://n.example/u/a>, <mailto:{STOP}?subject=unsubscribe>\n"

    receipt = read(a_complaint(mail_from="hidden@mail.example", quoted=quoted))

    assert receipt is not None
    assert (receipt.kind, receipt.uid) == (ReceiptKind.COMPLAINED, "m7.k3y")


def test_a_forged_complaint_is_not_believed() -> None:
    assert read(a_complaint(mail_from=FORGED)) is None


def test_a_mail_to_the_unsubscribe_address_stops() -> None:
    receipt = read(f"From: ann@waits.example\nTo: <{STOP}>\nSubject: unsubscribe\n\n")

    assert receipt is not None
    assert (receipt.kind, receipt.blame, receipt.uid) == (
        ReceiptKind.STOPPED,
        Blame.OPTED_OUT,
        "m7.k3y",
    )


def test_a_mail_to_the_unsubscribe_mailbox_stops_by_the_token_in_its_subject_or_text() -> None:
    token = make_token(ReturnPurpose.UNSUBSCRIBE, "m7.k3y", secret=SECRET)
    head = "From: ann@waits.example\nTo: bye@kettle.example\n"

    by_subject = read(f"{head}Subject: unsubscribe {token}\n\n")
    by_text = read(f"{head}Subject: Re: hello\n\nplease\n{token}\n")

    assert by_subject is not None
    assert by_text is not None
    assert by_subject.kind is by_text.kind is ReceiptKind.STOPPED


def test_an_automatic_answer_that_quotes_the_token_stops_nothing() -> None:
    token = make_token(ReturnPurpose.UNSUBSCRIBE, "m7.k3y", secret=SECRET)
    head = "From: ann@waits.example\nTo: bye@kettle.example\nAuto-Submitted: auto-replied\n"

    assert read(f"{head}Subject: Re: unsubscribe {token}\n\n") is None


def test_a_bounce_token_in_a_text_stops_nothing() -> None:
    token = make_token(ReturnPurpose.BOUNCE, "m7.k3y", secret=SECRET)

    assert read(f"From: eve@x.example\nTo: bye@kettle.example\nSubject: {token}\n\n") is None


@given(st.binary(max_size=400))
def test_garbage_is_none_and_never_an_error(octets: bytes) -> None:
    assert read_mail(octets, secrets=[SECRET]) is None


@given(st.data())
def test_a_damaged_report_is_never_an_error(data: st.DataObject) -> None:
    whole = a_report().encode()
    start = data.draw(st.integers(0, len(whole)))
    damaged = whole[:start] + data.draw(st.binary(max_size=20)) + whole[start + 3 :]

    receipt = read_mail(damaged, secrets=[SECRET])

    assert receipt is None or receipt.uid == "m7.k3y"


def test_a_mail_nested_a_thousand_times_is_none() -> None:
    assert read(f"To: {BOUNCE}\nContent-Type: message/rfc822\n\n" * 3000) is None


def nested(depth: int) -> bytes:
    """Mails in a mail, each with a boundary that every line below is held against."""
    head = 'Content-Type: multipart/mixed; boundary="b{0}"\r\n\r\n--b{0}\r\n'
    return "".join(head.format(number) for number in range(depth)).encode()


@pytest.mark.parametrize(
    "raw",
    [
        nested(100) + b"\n" * 1_500_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"a:b\n\n" * 380_000,
        b"To: " + b"=?utf-8?q?a?= " * 130_000 + b"\r\n\r\n",
        b"Content-Type: multipart/report" + b';"\r\n ' * 400_000 + b"\r\n\r\n",
        f"To: {BOUNCE}\r\nFrom: mailer-daemon@x\r\nSubject: ".encode() + b"deliver" * 200_000,
    ],
    ids=["boundaries", "blocks", "encoded words", "parameters", "subject"],
)
def test_a_mail_made_to_take_long_is_not_read(raw: bytes) -> None:
    """Anybody may write to the mailbox; each of these would hold it up for up to minutes."""
    started = time.process_time()
    assert read_mail(raw, secrets=[SECRET]) is None
    assert time.process_time() - started < 3


def test_a_bounce_that_quotes_a_long_mail_in_many_parts_is_read() -> None:
    quoted = "It is back. " * 8 + "\n"
    parts = "".join(f'--B/x.mx\nContent-Type: multipart/x; boundary="c{n}"\n\n' for n in range(20))
    found = read(a_report().replace("It is back.\n", quoted * 15_000 + parts))
    assert found is not None
    assert found.kind is ReceiptKind.BOUNCED


def test_an_enormous_mail_is_not_read() -> None:
    assert read(a_report() + "x" * 2_000_000) is None
