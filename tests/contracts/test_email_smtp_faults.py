"""What happens to letters when a real mail server misbehaves in each way there is?"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Blame, Outcome, Result
from notifier.channels.email_smtp import Channel
from tests.contracts.mail_channel import (
    Connect,
    Notes,
    a_letter,
    authority,
    connect,
    send,
    server,
)
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import Fault, SmtpServer, read_store
from tests.timing import SettableClock, wait_until

LATER, REFUSED = Outcome.TRY_LATER, Outcome.REFUSED
UNKNOWN, ACCEPTED = Outcome.UNKNOWN, Outcome.ACCEPTED
BIG = "x" * 70 + "\n"
BIG *= 60_000  # more than the buffers between us and the server

LONG_REPLY = "\r\n".join(["550-5.7.1 Refused " + "x" * 2000] * 5) + "\r\n550 5.7.1 Refused"

# what the server does, and what must become of the first and of the second letter
FAULTS: dict[str, tuple[Fault, tuple[Outcome, str], tuple[Outcome, str]]] = {
    "hangs up at once": (
        Fault(at="connect", drop=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "greets with 421": (
        Fault(at="greeting", reply="421 4.3.2 Later", drop=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "greets with garbage": (
        Fault(at="greeting", reply=b"\x00\xffHello\r\n"),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "never greets": (
        Fault(at="greeting", stall=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "greets with 554": (
        Fault(at="greeting", reply="554 5.7.1 Not you"),
        (LATER, "config"),
        (LATER, "config"),
    ),
    "dislikes EHLO": (
        Fault(at="ehlo", reply="550 Bad name"),
        (LATER, "config"),
        (LATER, "config"),
    ),
    "says 451 to MAIL": (
        Fault(at="mail", message=1, reply="451 4.3.0 Later"),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "says 421 to MAIL": (
        Fault(at="mail", message=1, reply="421 4.7.0 Later", drop=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "refuses the sender": (
        Fault(at="mail", message=1, reply="550 5.7.1 Not yours"),
        (LATER, "config"),
        (LATER, "config"),
    ),
    "hangs up at MAIL": (
        Fault(at="mail", message=1, drop=True),
        (LATER, "transport"),
        (ACCEPTED, "nobody"),
    ),
    "says 421 to RCPT": (
        Fault(at="rcpt", message=1, reply="421 4.7.0 Later", drop=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "greylists": (
        Fault(at="rcpt", message=1, reply="450 4.7.1 Greylisted"),
        (LATER, "mailbox"),
        (ACCEPTED, "nobody"),
    ),
    "does not know the mailbox": (
        Fault(at="rcpt", message=1, reply="550 5.1.1 Unknown"),
        (REFUSED, "address"),
        (ACCEPTED, "nobody"),
    ),
    "finds the mailbox full": (
        Fault(at="rcpt", message=1, reply="552 5.2.2 Full"),
        (LATER, "mailbox"),
        (ACCEPTED, "nobody"),
    ),
    "refuses with 10 kB of text": (
        Fault(at="rcpt", message=1, reply=LONG_REPLY),
        (REFUSED, "policy"),
        (ACCEPTED, "nobody"),
    ),
    "answers RCPT with garbage": (
        Fault(at="rcpt", message=1, reply=b"\x80\x81 what\r\n"),
        (LATER, "transport"),
        (ACCEPTED, "nobody"),
    ),
    "never answers RCPT": (
        Fault(at="rcpt", message=1, stall=True),
        (LATER, "transport"),
        (ACCEPTED, "nobody"),
    ),
    "says 451 to DATA": (
        Fault(at="data", message=1, reply="451 4.3.0 Later"),
        (LATER, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "finds our syntax bad": (
        Fault(at="data", message=1, reply="503 5.5.1 Bad sequence"),
        (REFUSED, "ours"),
        (ACCEPTED, "nobody"),
    ),
    "hangs up in the text": (
        Fault(at="body", message=1, after_bytes=1000, drop=True),
        (LATER, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "says 451 to the dot": (
        Fault(at="dot", message=1, reply="451 4.3.0 Later"),
        (LATER, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "takes it for spam": (
        Fault(at="dot", message=1, reply="554 5.7.1 Spam"),
        (REFUSED, "policy"),
        (ACCEPTED, "nobody"),
    ),
    "finds it too big": (
        Fault(at="dot", message=1, reply="552 5.3.4 Too big"),
        (REFUSED, "content"),
        (ACCEPTED, "nobody"),
    ),
    "says 421 to the dot": (
        Fault(at="dot", message=1, reply="421 4.3.2 Shutting down", drop=True),
        (LATER, "transport"),
        (LATER, "transport"),
    ),
    "takes it and hangs up": (
        Fault(at="dot", message=1, drop=True, stores=True),
        (UNKNOWN, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "takes it and never says so": (
        Fault(at="dot", message=1, stall=True, stores=True),
        (UNKNOWN, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "takes it and answers with garbage": (
        Fault(at="dot", message=1, reply=b"\xff\xfe\xfd\r\n", stores=True),
        (UNKNOWN, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "takes it and hangs up in mid-answer": (
        Fault(at="dot", message=1, reply=b"250-2.0.0 O", drop=True, stores=True),
        (UNKNOWN, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "takes it and hangs up right after its code": (
        Fault(at="dot", message=1, reply=b"250 2.0.0 Ok", drop=True, stores=True),
        (ACCEPTED, "nobody"),
        (ACCEPTED, "nobody"),
    ),
    "answers in 10 kB": (
        Fault(at="dot", message=1, reply="250-" + "y" * 10_000 + "\r\n250 Ok", stores=True),
        (ACCEPTED, "nobody"),
        (ACCEPTED, "nobody"),
    ),
}


@pytest.mark.fault("FI-6")
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_costs_no_more_than_it_must(
    name: str,
    pipelining: bool,
    connect: Connect,
) -> None:
    fault, first, second = FAULTS[name]
    with SmtpServer(pipelining=pipelining) as server:
        server.misbehave(fault)
        notes = Notes()
        short = "dot_timeout" if fault.at == "dot" else "command_timeout"
        channel = connect(server, **({short: 1.5} if fault.stall else {}))
        text = BIG if fault.at == "body" else "It is back."

        results = send(channel, a_letter(1, text=text), a_letter(2), note=notes)

        assert_fits(results[1], first)
        assert_fits(results[2], second)
        copies = [message.message_id for message in server.messages]
        assert copies.count("<m2.k3y@kettle.example>") == (second[0] is ACCEPTED)
        # Whatever the server holds was accepted or is known to be doubtful: nothing is doubled
        # without a note, and nothing counts as accepted that the server does not hold.
        held = copies.count("<m1.k3y@kettle.example>")
        assert held == (results[1].outcome in (ACCEPTED, UNKNOWN))
        assert (1 in notes.handed_over) >= held
        assert server.violations == []


def assert_fits(result: Result, wanted: tuple[Outcome, str]) -> None:
    outcome, blame = wanted
    assert result.outcome is outcome, result
    assert result.blame is Blame(blame), result
    assert result.code


@pytest.mark.fault("FI-6")
def test_a_server_that_answers_in_the_middle_of_the_text_is_heard(
    server: SmtpServer,
    connect: Connect,
) -> None:
    server.misbehave(Fault(at="body", message=1, after_bytes=1000, reply="552 5.3.4 Too big"))
    notes = Notes()

    results = send(connect(server), a_letter(1, text=BIG), a_letter(2), note=notes)

    assert (results[1].outcome, results[1].blame) == (REFUSED, Blame.CONTENT)
    assert results[2].outcome is ACCEPTED
    assert notes.handed_over == [2]


@pytest.mark.fault("FI-6")
def test_after_421_the_other_connections_go_on(server: SmtpServer, connect: Connect) -> None:
    server.misbehave(Fault(at="mail", connection=1, reply="421 4.7.0 Enough", drop=True))
    channel = connect(server, connections=4)

    results = send(channel, *[a_letter(number) for number in range(1, 31)])

    outcomes = [result.outcome for result in results.values()]
    assert outcomes.count(LATER) <= 1
    assert outcomes.count(ACCEPTED) >= 29


@pytest.mark.fault("FI-6")
def test_after_421_on_the_only_connection_the_rest_comes_back_untried(
    server: SmtpServer,
    connect: Connect,
) -> None:
    server.misbehave(Fault(at="mail", message=3, reply="421 4.7.0 Enough", drop=True))
    notes = Notes()

    results = send(connect(server), *[a_letter(number) for number in range(1, 11)], note=notes)

    assert [results[number].outcome for number in range(1, 11)] == [ACCEPTED] * 2 + [LATER] * 8
    assert {results[number].blame for number in range(3, 11)} == {Blame.TRANSPORT}
    assert notes.handed_over == [1, 2]
    assert server.connections == 1


@pytest.mark.fault("FI-6")
def test_a_server_that_breaks_on_every_letter_is_left_alone(
    server: SmtpServer,
    connect: Connect,
) -> None:
    server.misbehave(Fault(at="dot", drop=True))

    results = send(connect(server), *[a_letter(number) for number in range(1, 101)])

    outcomes = [result.outcome for result in results.values()]
    assert outcomes.count(UNKNOWN) == 3
    assert outcomes.count(LATER) == 97


def test_a_refused_sender_is_not_tried_again_for_the_other_letters(
    server: SmtpServer,
    connect: Connect,
) -> None:
    server.misbehave(Fault(at="mail", message=1, reply="550 5.7.1 Not yours"))
    other = "Teapots <hi@teapot.example>"

    results = send(connect(server), a_letter(1), a_letter(2), a_letter(3, sender=other))

    assert [results[n].blame for n in (1, 2, 3)] == [Blame.CONFIG, Blame.CONFIG, Blame.NOBODY]
    assert results[3].outcome is ACCEPTED
    tried = [line for _, line in server.commands if line.startswith("MAIL")]
    assert len(tried) == 2


def test_a_dead_server_is_probed_seldom_and_used_again_when_it_is_back(
    server: SmtpServer,
    connect: Connect,
    clock: SettableClock,
) -> None:
    channel = connect(server, connections=4)
    server.refuse_connections()
    for number in range(3):
        assert send(channel, a_letter(number))[number].code == "connect refused"

    server.accept_connections()
    left_alone = send(channel, a_letter(4))[4]
    assert (left_alone.outcome, left_alone.blame) == (LATER, Blame.TRANSPORT)
    assert left_alone.retry_after == timedelta(seconds=30)
    assert server.connections == 0

    clock.advance(timedelta(seconds=30))
    assert send(channel, a_letter(5))[5].outcome is ACCEPTED
    assert send(channel, a_letter(6))[6].outcome is ACCEPTED


@pytest.mark.fault("FI-11")
def test_a_server_whose_name_cannot_be_looked_up_is_an_outage(
    server: SmtpServer,
    connect: Connect,
) -> None:
    channel = connect(server, host="no-such-host.invalid")

    result = send(channel, a_letter(1))[1]

    assert (result.outcome, result.blame, result.code) == (LATER, Blame.TRANSPORT, "connect dns")


@pytest.mark.fault("FI-7")
def test_a_slow_answer_after_the_dot_is_waited_for(
    server: SmtpServer,
    connect: Connect,
) -> None:
    server.misbehave(Fault(at="dot", delay=1.3, stores=True))
    channel = connect(server, command_timeout=1, dot_timeout=10)

    assert send(channel, a_letter(1))[1].outcome is ACCEPTED
    assert len(server.messages) == 1


@pytest.fixture
def secure(authority: Authority) -> Iterator[SmtpServer]:
    certificate = authority.issue("localhost")
    with SmtpServer(
        security="starttls", certificate=certificate, users={"olga": "secret"}
    ) as server:
        yield server


def secure_channel(
    connect: Connect,
    server: SmtpServer,
    authority: Authority,
    **changes: Any,
) -> Channel:
    login = {"username": "olga", "password": "secret", "security": "starttls"}
    return connect(server, **(login | {"ca_file": str(authority.ca_file)} | changes))


@pytest.mark.fault("FI-9")
def test_a_server_that_no_longer_offers_starttls_gets_nothing_in_clear(
    connect: Connect,
    authority: Authority,
) -> None:
    with SmtpServer(users={"olga": "secret"}) as server:
        result = send(secure_channel(connect, server, authority), a_letter(1))[1]

        assert (result.outcome, result.blame) == (LATER, Blame.CONFIG)
        assert "STARTTLS" in result.detail
        assert [line.split(" ")[0] for _, line in server.commands] == ["EHLO"]
        assert server.violations == []


@pytest.mark.fault("FI-6")
@pytest.mark.parametrize(
    ("fault", "blame"),
    [
        (Fault(at="starttls", reply="454 4.7.0 Not now"), Blame.TRANSPORT),
        (Fault(at="starttls", reply="501 5.5.1 What"), Blame.CONFIG),
        (Fault(at="handshake", drop=True), Blame.TRANSPORT),
        (Fault(at="handshake", reply=b"250 no TLS here\r\n"), Blame.CONFIG),
        (Fault(at="starttls", reply=b"220 Go\r\n250 injected\r\n"), Blame.CONFIG),
        (Fault(at="auth", reply="454 4.7.0 Not now"), Blame.TRANSPORT),
        (Fault(at="auth", reply="535 5.7.8 Wrong"), Blame.CONFIG),
        (Fault(at="auth", reply="534 5.7.9 Use an app password"), Blame.CONFIG),
    ],
)
def test_trouble_on_the_way_in_burns_no_letter(
    fault: Fault,
    blame: Blame,
    secure: SmtpServer,
    connect: Connect,
    authority: Authority,
) -> None:
    secure.misbehave(fault)

    results = send(secure_channel(connect, secure, authority), a_letter(1), a_letter(2))

    assert {(result.outcome, result.blame) for result in results.values()} == {(LATER, blame)}
    assert secure.messages == []
    assert secure.violations == []


@pytest.mark.fault("FI-10")
@pytest.mark.parametrize("case", ["expired", "wrong name", "unknown authority"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_not_good_stops_everything(
    case: str,
    security: Any,
    connect: Connect,
    authority: Authority,
    tmp_path: Path,
) -> None:
    certificate = {
        "expired": lambda: authority.issue("localhost", days=-1),
        "wrong name": lambda: authority.issue("mail.other.example"),
        "unknown authority": lambda: Authority(tmp_path).issue("localhost"),
    }[case]()
    with SmtpServer(security=security, certificate=certificate) as server:
        channel = secure_channel(connect, server, authority, security=security)

        result = send(channel, a_letter(1))[1]

        assert (result.outcome, result.blame) == (LATER, Blame.CONFIG)
        assert result.code == "certificate refused"
        assert server.messages == []


def test_a_wrong_password_is_never_repeated_in_what_is_reported(
    secure: SmtpServer,
    connect: Connect,
    authority: Authority,
) -> None:
    channel = secure_channel(connect, secure, authority, password="hunter2hunter2")

    result = send(channel, a_letter(1))[1]

    assert (result.blame, result.code) == (Blame.CONFIG, "535 5.7.8")
    assert "hunter2" not in repr(result) + repr(channel._settings)


def test_the_server_process_has_written_a_message_before_it_says_so(
    connect: Connect,
    tmp_path: Path,
) -> None:
    store = tmp_path / "store.jsonl"
    command = [sys.executable, "-m", "tests.fakes.smtp_server"]
    process = subprocess.Popen(
        [*command, "--store", str(store), "--delay-ms", "300"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        match = re.fullmatch(r"listening on (\S+):(\d+)\n", process.stdout.readline())
        assert match
        process_server = SmtpServer(port=int(match[2]))  # only for its address
        results = connect(process_server).send([a_letter(1)], note=Notes())

        started = time.monotonic()
        [(_, result)] = list(results)

        assert result.outcome is ACCEPTED
        assert time.monotonic() - started > 0.25
        [record] = list(read_store(store))
        assert record["message_id"] == "<m1.k3y@kettle.example>"
        assert record["rcpt_to"] == ["ann@waits.example"]
    finally:
        process.kill()
        process.wait()
    assert wait_until(lambda: process.returncode is not None)
