"""What does each answer of a mail server mean? Every row of the outcome table (RFC 5321, 3463)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.base import Blame, Outcome
from notifier.channels.smtp.classify import (
    Stage,
    classify,
    classify_reply,
    classify_taken,
    drops_connection,
)
from notifier.channels.smtp.reply import ReplyReader, find_enhanced_code

LATER, REFUSED = Outcome.TRY_LATER, Outcome.REFUSED
UNKNOWN, ACCEPTED = Outcome.UNKNOWN, Outcome.ACCEPTED

# stage, what came back ("" is nothing), outcome, blame
TABLE = [
    # connect refused, DNS fail, greeting timeout/garbage/4xx: the way is blocked for now
    ("connect", "", LATER, "transport"),
    ("greeting", "", LATER, "transport"),
    ("greeting", "421 4.3.2 Not now", LATER, "transport"),
    ("greeting", "450 Busy", LATER, "transport"),
    ("greeting", "250 What", LATER, "transport"),
    ("ehlo", "", LATER, "transport"),
    ("ehlo", "451 Local error", LATER, "transport"),
    ("starttls", "454 4.7.0 TLS not available", LATER, "transport"),
    ("tls", "", LATER, "transport"),
    ("auth", "", LATER, "transport"),
    ("auth", "454 4.7.0 Temporary authentication failure", LATER, "transport"),
    ("rset", "", LATER, "transport"),
    ("rset", "500 What", LATER, "transport"),
    # greeting 554, EHLO 5xx, 530/535/534, TLS: our set-up is wrong, nothing is burnt
    ("greeting", "554 5.7.1 No SMTP service here", LATER, "config"),
    ("ehlo", "550 Bad HELO", LATER, "config"),
    ("ehlo", "501 Syntax", LATER, "config"),
    ("starttls", "502 Not offered", LATER, "config"),
    ("certificate", "", LATER, "config"),
    ("auth", "530 5.7.0 Must issue a STARTTLS command first", LATER, "config"),
    ("auth", "535 5.7.8 Bad credentials", LATER, "config"),
    ("auth", "534 5.7.9 Application-specific password required", LATER, "config"),
    ("auth", "504 5.5.4 Unrecognized mechanism", LATER, "config"),
    ("mail", "530 5.7.0 Authentication required", LATER, "config"),
    ("mail", "503 5.5.4 Error: send AUTH command first", LATER, "config"),
    ("rcpt", "530 5.7.1 Client was not authenticated", LATER, "config"),
    # MAIL
    ("mail", "", LATER, "transport"),
    ("mail", "421 4.7.0 Try again", LATER, "transport"),
    ("mail", "451 4.3.0 Local error", LATER, "transport"),
    ("mail", "452 4.3.1 Insufficient storage", LATER, "transport"),
    ("mail", "550 5.7.1 Sender refused", LATER, "config"),
    ("mail", "550 5.7.26 Unauthenticated mail", LATER, "config"),
    ("mail", "553 5.7.1 Sender address rejected: not owned by user", LATER, "config"),
    ("mail", "550 Sender refused", LATER, "config"),
    ("mail", "553 5.1.8 Domain not found", LATER, "config"),
    ("mail", "552 5.3.4 Message size exceeds limit", REFUSED, "content"),
    ("mail", "552 Too big", REFUSED, "content"),
    ("mail", "501 5.5.4 Syntax", REFUSED, "ours"),
    ("mail", "555 5.5.4 Unsupported option", REFUSED, "ours"),
    # RCPT: not now
    ("rcpt", "", LATER, "transport"),
    ("rcpt", "421 4.7.0 Too many", LATER, "transport"),
    ("rcpt", "450 4.2.0 Greylisted", LATER, "mailbox"),
    ("rcpt", "451 4.7.1 Greylisting in action, come back in 5 minutes", LATER, "mailbox"),
    ("rcpt", "452 4.2.2 Mailbox full", LATER, "mailbox"),
    ("rcpt", "450 Mailbox busy", LATER, "mailbox"),
    ("rcpt", "452 4.5.3 Too many recipients", LATER, "mailbox"),
    # hard bounces, by code only
    ("rcpt", "550 5.1.1 User unknown", REFUSED, "address"),
    ("rcpt", "550 5.1.0 Address rejected", REFUSED, "address"),
    ("rcpt", "501 5.1.3 Bad address syntax", REFUSED, "address"),
    ("rcpt", "550 5.1.3 Bad address syntax", REFUSED, "address"),
    ("rcpt", "551 5.1.6 Has moved", REFUSED, "address"),
    ("rcpt", "556 5.1.10 Null MX", REFUSED, "address"),
    ("rcpt", "550 5.1.10 Null MX", REFUSED, "address"),
    ("rcpt", "556 Domain does not accept mail", REFUSED, "address"),
    ("rcpt", "550 5.1.2 Bad destination system", REFUSED, "address"),
    ("rcpt", "550 5.4.4 Unable to route", REFUSED, "address"),
    ("dot", "550 5.1.1 User unknown", REFUSED, "address"),
    # full
    ("rcpt", "552 5.2.2 Mailbox full", LATER, "mailbox"),
    ("dot", "552 5.2.2 Over quota", LATER, "mailbox"),
    ("dot", "452 4.2.2 Over quota", LATER, "mailbox"),
    ("rcpt", "552 Exceeded storage allocation", LATER, "mailbox"),
    # policy and spam
    ("rcpt", "550 5.7.1 Access denied", REFUSED, "policy"),
    ("rcpt", "554 5.7.1 Relay access denied", REFUSED, "policy"),
    ("dot", "550 5.7.1 This looks like spam", REFUSED, "policy"),
    ("dot", "554 5.7.1 Blocked", REFUSED, "policy"),
    ("dot", "550 5.7.509 DMARC", REFUSED, "policy"),
    ("dot", "550 5.7.26 Unauthenticated", LATER, "config"),
    # too big, wrong content
    ("rcpt", "552 5.3.4 Too big for this recipient", REFUSED, "content"),
    ("dot", "552 5.3.4 Message too big", REFUSED, "content"),
    ("dot", "552 5.2.3 Message length exceeds limit", REFUSED, "content"),
    ("dot", "554 5.6.0 Bad content", REFUSED, "content"),
    ("dot", "550 5.6.7 Conversion failed", REFUSED, "content"),
    ("dot", "552 Message size exceeds maximum", REFUSED, "content"),
    # our bug
    ("rcpt", "500 5.5.2 Syntax error", REFUSED, "ours"),
    ("rcpt", "501 5.5.4 Syntax error in parameters", REFUSED, "ours"),
    ("data", "502 5.5.1 Not implemented", REFUSED, "ours"),
    ("data", "503 5.5.1 Bad sequence", REFUSED, "ours"),
    ("rcpt", "504 5.5.2 Need fully-qualified address", REFUSED, "ours"),
    ("rcpt", "555 5.5.4 Unsupported parameter", REFUSED, "ours"),
    # before the dot
    ("data", "", LATER, "nobody"),
    ("body", "", LATER, "nobody"),
    ("data", "451 4.3.0 Local error", LATER, "nobody"),
    ("body", "552 5.3.4 Too much", REFUSED, "content"),
    ("data", "421 4.3.2 Shutting down", LATER, "transport"),
    # after the dot
    ("dot", "250 2.0.0 Ok: queued as 4F2A", ACCEPTED, "nobody"),
    ("dot", "251 Forwarded", ACCEPTED, "nobody"),
    ("dot", "451 4.3.0 Local error", LATER, "nobody"),
    ("dot", "450 4.7.1 Deferred", LATER, "nobody"),
    ("dot", "421 4.3.2 Shutting down", LATER, "transport"),
    ("dot", "", UNKNOWN, "nobody"),
    ("dot", "354 Go ahead", UNKNOWN, "nobody"),
    # no enhanced code: by the digits, the text only softens
    ("rcpt", "550 Requested action not taken", REFUSED, "nobody"),
    ("rcpt", "550 No such user here", REFUSED, "mailbox"),
    ("rcpt", "550 Mailbox unavailable", REFUSED, "mailbox"),
    ("rcpt", "554 Blocked by our policy", REFUSED, "policy"),
    ("dot", "554 Transaction failed", REFUSED, "nobody"),
    ("dot", "554 Rejected as spam", REFUSED, "policy"),
    ("rcpt", "550 5.2.1 Mailbox disabled", REFUSED, "mailbox"),
    ("rcpt", "550 5.4.1 Recipient address rejected: Access denied", REFUSED, "policy"),
    # an enhanced code of another class is not believed
    ("rcpt", "450 5.1.1 User unknown in virtual table", LATER, "mailbox"),
    ("rcpt", "550 4.1.1 Who", REFUSED, "nobody"),
]


def split(answer: str) -> tuple[int, str, str]:
    if not answer:
        return 0, "", ""
    code, _, text = answer.partition(" ")
    return int(code), find_enhanced_code(int(code), (text,)), text


@pytest.mark.parametrize(
    ("stage", "answer", "outcome", "blame"),
    TABLE,
    ids=[f"{row[0]} {row[1] or 'no reply'}" for row in TABLE],
)
def test_an_answer_is_judged_by_the_table(
    stage: str, answer: str, outcome: Outcome, blame: str
) -> None:
    code, enhanced, text = split(answer)

    result = classify(Stage(stage), code, enhanced=enhanced, text=text)

    assert (result.outcome, result.blame) == (outcome, Blame(blame))


stages = st.sampled_from(list(Stage))
codes = st.integers(200, 599)
enhanced_codes = st.one_of(st.just(""), st.from_regex(r"\A[245]\.[0-7]\.(?:[0-9]|1[0-9]|2[0-9])\Z"))
texts = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["user unknown", "no such mailbox", "spam", "mailbox full", "too big"]),
)


@given(stages, codes, texts)
def test_no_text_ever_condemns_an_address(stage: Stage, code: int, text: str) -> None:
    result = classify(stage, code, text=text)

    assert result.blame is not Blame.ADDRESS or code == 556


@given(stages, codes, enhanced_codes, texts)
def test_every_answer_has_a_verdict_that_loses_and_doubles_nothing(
    stage: Stage, code: int, enhanced: str, text: str
) -> None:
    result = classify(stage, code, enhanced=enhanced, text=text)

    if result.outcome is Outcome.ACCEPTED:
        assert stage is Stage.DOT
        assert 200 <= code < 300
    if result.outcome is Outcome.UNKNOWN:
        assert stage is Stage.DOT
        assert 300 <= code < 400
    if result.outcome is Outcome.REFUSED:
        assert code >= 500
    if result.blame in (Blame.CONFIG, Blame.TRANSPORT):
        assert result.outcome is Outcome.TRY_LATER
    assert len(result.detail.encode()) <= 1024


@given(stages)
def test_silence_is_never_a_refusal(stage: Stage) -> None:
    result = classify(stage, 0, text="user unknown", label="timeout")

    assert result.outcome is (Outcome.UNKNOWN if stage is Stage.DOT else Outcome.TRY_LATER)
    assert result.code == f"{stage} timeout"


def test_a_greylisted_recipient_is_tried_again_after_minutes() -> None:
    result = classify(Stage.RCPT, 450, enhanced="4.7.1", text="Greylisted")

    assert result.retry_after is not None
    assert 5 <= result.retry_after.total_seconds() / 60 <= 15


@pytest.mark.parametrize(
    ("text", "provider_id"),
    [
        ("2.0.0 Ok: queued as 4F2A9B0C1D", "4F2A9B0C1D"),
        ("Ok 0102018f6a-12ab-000000", "0102018f6a-12ab-000000"),
        ("OK id=1tXyZa-0001Ab-2C", "1tXyZa-0001Ab-2C"),
        ("Thank you", ""),
    ],
)
def test_the_servers_own_name_for_a_letter_is_kept(text: str, provider_id: str) -> None:
    assert classify(Stage.DOT, 250, text=text).provider_id == provider_id


def test_a_connection_is_left_after_421_silence_or_a_temporary_no_to_mail() -> None:
    assert drops_connection(Stage.RCPT, 421)
    assert drops_connection(Stage.DOT, 0)
    assert drops_connection(Stage.MAIL, 451)
    assert not drops_connection(Stage.RCPT, 450)
    assert not drops_connection(Stage.DOT, 550)


def test_what_the_server_said_is_kept_to_a_kilobyte_of_whole_characters() -> None:
    result = classify(Stage.RCPT, 550, text="é" * 5000)

    assert result.detail == "é" * 512


TAKEN = [
    "250 2.0.0 Ok: queued as 4F1D2C0A51", "250 Ok 0102018f-aaaa", "250 2.6.0 <x@y> [Internal] id=7",
    "250 OK", "250 2.0.0 OK  1700000000 a12-20020a05 - gsmtp", "250 ok (#2.1.0)", "250 4.0.0 Ok",
    "250 2.0.0", "250", "250-Ok", "251 Ok", "550 5.1.1 no", "250 2.0.0  Ok", "250 Ok ", "250 Ök",
]  # fmt: skip


@given(st.one_of(st.sampled_from(TAKEN), st.text(max_size=60).map(lambda text: f"250 {text}")))
def test_the_quick_way_to_read_an_acceptance_says_the_same(line: str) -> None:
    octets = line.replace("\n", " ").encode("utf-8", "replace")
    quick = classify_taken(octets)
    reader = ReplyReader()
    reader.feed(octets + b"\n")
    if quick is not None:
        reply = reader.next_reply()
        assert reply is not None
        assert quick == classify_reply(Stage.DOT, reply)


def test_usual_acceptances_are_read_quickly() -> None:
    assert [classify_taken(line.encode() + b"\r") is not None for line in TAKEN[:5]] == [
        True, True, False, True, True,
    ]  # fmt: skip
