"""Are the bytes of a mail right: headers, text, addresses, and nothing an attacker can add?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.base import Letter
from notifier.channels.email_smtp import Settings
from notifier.channels.smtp.addresses import BadAddress
from notifier.channels.smtp.mime import Mail, build_mail

NOW = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
SECRET = b"a secret of Olga's"


def build(*, settings: dict[str, Any] | None = None, **changes: Any) -> Mail:
    letter: dict[str, Any] = {
        "message_id": 7,
        "uid": "m7.k3y",
        "attempt_no": 1,
        "kind": "back_in_stock",
        "address": "ann@waits.example",
        "shop": "kettle",
        "subject": "The red kettle is back",
        "text": "It is back.\n",
        "html": "<p>It is back.</p>\n",
    }
    wanted = {"host": "localhost", "from_address": "Kettle & Co <hello@kettle.example>"}
    return build_mail(
        Letter(**(letter | changes)),
        settings=Settings(**(wanted | (settings or {}))),
        secret=SECRET,
        now=NOW,
    )


def parse(mail: Mail) -> EmailMessage:
    message = message_from_bytes(mail.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body_of(part: Message) -> str:
    """The text of a part as its reader sees it, without the last line end."""
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.decode("utf-8").replace("\r\n", "\n").removesuffix("\n")


def head_of(mail: Mail) -> list[str]:
    return mail.content.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


LONG_LINK = "https://notify.kettle.example/u/" + "a1B2-" * 60


def test_the_whole_mail_looks_like_this() -> None:
    extra = (("List-Unsubscribe", "<https://notify.kettle.example/u/abc>"),)
    mail = build(headers=extra, reply_to="help@kettle.example")

    boundary = "=_39c1e1a41e26d7e8bd1d2b8f4b2c3a55"
    head = "\r\n".join(head_of(mail))
    found = parse(mail).get_boundary()
    assert found is not None
    assert head.replace(found, boundary) == (
        'From: "Kettle & Co" <hello@kettle.example>\r\n'
        "To: ann@waits.example\r\n"
        "Subject: The red kettle is back\r\n"
        "Date: Tue, 01 Dec 2026 10:00:00 +0000\r\n"
        "Message-ID: <m7.k3y@kettle.example>\r\n"
        "Reply-To: help@kettle.example\r\n"
        "List-Unsubscribe: <https://notify.kettle.example/u/abc>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "X-Auto-Response-Suppress: All\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"'
    ).replace('"Kettle & Co"', "Kettle & Co")


def test_text_and_html_are_alternatives_and_read_back_as_written() -> None:
    text, html = "Grüße 👋\nEs ist da.\n", "<p>Grüße 👋 = schön</p>\n"

    message = parse(build(text=text, html=html))

    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert [body_of(part) for part in message.iter_parts()] == [text.strip(), html.strip()]


@pytest.mark.parametrize(("given", "subtype"), [("text", "plain"), ("html", "html")])
def test_one_text_alone_is_a_mail_of_one_part(given: str, subtype: str) -> None:
    texts: dict[str, Any] = {"text": "", "html": "", given: "hello\n"}

    message = parse(build(**texts))

    assert message.get_content_type() == f"text/{subtype}"
    assert body_of(message) == "hello"


def test_a_letter_without_any_text_is_no_mail() -> None:
    with pytest.raises(ValueError, match="neither text nor HTML"):
        build(text=" \n", html="")


def test_the_longest_unsubscribe_link_stays_literal_and_on_one_line() -> None:
    mail = build(headers=(("List-Unsubscribe", f"<{LONG_LINK}>"),))

    assert f"List-Unsubscribe: <{LONG_LINK}>" in head_of(mail)
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head_of(mail)


def test_unsubscribing_by_mail_is_offered_where_we_read_that_mail() -> None:
    link = (("List-Unsubscribe", "<https://notify.kettle.example/u/abc>"),)

    own_domain = head_of(build(headers=link, settings={"bounce_domain": "b.kettle.example"}))
    mailbox = head_of(build(headers=link, settings={"unsubscribe_address": "bye@kettle.example"}))

    [first] = [line for line in own_domain if line.startswith("List-Unsubscribe:")]
    assert first.startswith(
        "List-Unsubscribe: <https://notify.kettle.example/u/abc>, <mailto:u+m7.k3y."
    )
    assert first.endswith("@b.kettle.example?subject=unsubscribe>")
    [second] = [line for line in mailbox if line.startswith("List-Unsubscribe:")]
    assert "<mailto:bye@kettle.example?subject=unsubscribe%20u%2Bm7.k3y." in second


def test_a_mail_without_an_unsubscribe_link_has_neither_header() -> None:
    assert not [line for line in head_of(build()) if line.startswith("List-")]


def test_a_retry_has_the_same_bytes_whenever_it_is_built() -> None:
    first = build(first_tried_at=NOW - timedelta(hours=2))
    again = build(first_tried_at=NOW - timedelta(hours=2), attempt_no=3)

    assert first.content == again.content
    assert "Date: Tue, 01 Dec 2026 08:00:00 +0000" in head_of(first)


def test_the_message_id_is_of_the_senders_domain() -> None:
    mail = build(sender="Teapots <hi@teapot.example>")

    assert "Message-ID: <m7.k3y@teapot.example>" in head_of(mail)
    assert mail.envelope_from == "hi@teapot.example"


def test_unicode_domains_are_written_as_a_labels_everywhere() -> None:
    mail = build(address="ann@exämple.de", sender="Köche <hallo@küche.example>", reply_to="a@ß.de")

    head = head_of(mail)
    assert mail.recipient == "ann@xn--exmple-cua.de"
    assert mail.envelope_from == "hallo@xn--kche-0ra.example"
    assert "To: ann@xn--exmple-cua.de" in head
    assert "Reply-To: a@xn--zca.de" in head
    assert parse(mail)["From"].addresses[0].display_name == "Köche"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@waits.example",
        "ann@",
        "jörg@waits.example",
        "ann@waits..example",
        "ann@-waits.example",
        "ann b@waits.example",
        "ann@waits.example\r\nRCPT TO:<eve@x.example>",
        "ann@waits.example>\r\nDATA",
        "ann<eve@waits.example",
        '"ann b"@waits.example',
        "ann,eve@waits.example",
        "ann\x00@waits.example",
        "a" * 65 + "@waits.example",
        "ann@" + "a" * 64 + ".example",
        "ann@" + ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_address_is_never_written_to(address: str) -> None:
    with pytest.raises(BadAddress):
        build(address=address)


@pytest.mark.parametrize(
    "line_break",
    ["\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r\n "],
)
@pytest.mark.parametrize("where", ["subject", "sender", "reply_to", "headers"])
def test_nothing_put_into_a_header_starts_another(where: str, line_break: str) -> None:
    evil = f"Kettle{line_break}Bcc: eve@x.example"
    named = f"{evil} <hello@kettle.example>"
    possible: dict[str, Any] = {
        "subject": evil,
        "sender": named,
        "reply_to": named,
        "headers": (("X-Shop", evil),),
    }

    mail = build(**{where: possible[where]})

    message = parse(mail)
    assert message["Bcc"] is None
    assert message.defects == []
    assert all(line.isprintable() for line in head_of(mail))


def test_marks_that_turn_text_round_are_not_in_a_subject() -> None:
    subject = parse(build(subject="safe\u202egpj.exe\u2066"))["Subject"]

    assert subject == "safe gpj.exe"


@pytest.mark.parametrize("name", ["From", "to", "BCC", "Message-ID", "Content-Type", "Date"])
def test_an_extra_header_cannot_replace_one_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match="mail channel itself"):
        build(headers=((name, "eve@x.example"),))


@pytest.mark.parametrize("name", ["X Shop", "X-Shop:", "", "Ünder", "X\r\nBcc"])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="header name"):
        build(headers=((name, "x"),))


def test_a_letters_own_answer_to_who_wrote_it_wins() -> None:
    head = head_of(build(headers=(("Auto-Submitted", "auto-replied"),)))

    assert [line for line in head if line.startswith("Auto-Submitted")] == [
        "Auto-Submitted: auto-replied"
    ]


def test_a_subject_is_at_most_200_characters() -> None:
    subject = parse(build(subject="Kessel " * 100))["Subject"]

    assert len(subject) == 200
    assert subject.endswith("…")


def test_a_long_subject_of_any_letters_is_cut_into_words_every_client_reads() -> None:
    subject = "Der schöne rote Wasserkessel 🫖 ist wieder da " * 4

    head = head_of(build(subject=subject))

    assert parse(build(subject=subject))["Subject"] == subject.strip()
    assert all(len(line) <= 76 for line in head if "=?utf-8?" in line)


def test_a_line_that_starts_with_from_survives_old_mailboxes() -> None:
    mail = build(text="From here on\n" + "From " + "x" * 71, html="")

    assert b"\nFrom " not in mail.content.split(b"\r\n\r\n", 1)[1]
    assert body_of(parse(mail)) == "From here on\nFrom " + "x" * 71


def test_a_date_with_another_zone_is_the_same_instant() -> None:
    berlin = datetime(2026, 12, 1, 11, 0, tzinfo=timezone(timedelta(hours=1)))

    assert parse(build(first_tried_at=berlin))["Date"].datetime == NOW


any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"))


@given(text=any_text, html=any_text)
def test_any_text_arrives_as_written_in_lines_that_every_relay_takes(text: str, html: str) -> None:
    text, html = text + "a", html + "<b>"

    mail = build(text=text, html=html)

    lines = mail.content.split(b"\r\n")
    assert all(len(line) <= 76 for line in lines[lines.index(b"") :])
    assert all(len(line) <= 998 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert mail.content.isascii()
    parts = [part for part in parse(mail).walk() if not part.is_multipart()]
    assert [body_of(part) for part in parts] == [text, html]


@given(subject=st.text(), name=st.text(max_size=80))
def test_no_subject_and_no_name_ever_breaks_a_mail(subject: str, name: str) -> None:
    mail = build(subject=subject, sender=f"{name.replace('<', '').replace('>', '')} <a@b.example>")

    message = parse(mail)
    assert message["From"].addresses[0].addr_spec == "a@b.example"
    assert message["To"] == "ann@waits.example"
    assert message.get_content_type() == "multipart/alternative"
    assert len([line for line in head_of(mail) if line.startswith("Subject:")]) == 1
