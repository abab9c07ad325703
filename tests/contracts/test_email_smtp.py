"""Does a letter reach a real mail server as it should, and several of them at once?"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from notifier.channels.base import Blame, Outcome, Phase, Result
from notifier.channels.smtp.verp import ReturnPath, ReturnPurpose, read_token
from notifier.errors import ConfigError
from tests.contracts.mail_channel import (
    SECRET,
    Connect,
    Notes,
    a_letter,
    authority,
    connect,
    send,
    server,
)
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.timing import SettableClock, wait_until


def test_a_letter_arrives_with_its_envelope_and_its_text(
    server: SmtpServer, connect: Connect
) -> None:
    channel = connect(server)

    result = send(channel, a_letter(7))[7]

    [message] = server.messages
    assert result.outcome is Outcome.ACCEPTED
    assert result.code == "250 2.0.0"
    assert result.provider_id == "0000000001"
    assert message.mail_from == "hello@kettle.example"
    assert message.rcpt_to == ("ann@waits.example",)
    assert message.mail_parameters == f"SIZE={len(message.raw)}"
    assert message.parsed["Subject"] == "The red kettle is back"
    assert server.violations == []


def test_the_hand_over_is_noted_before_the_server_can_accept(
    server: SmtpServer, connect: Connect
) -> None:
    seen: list[int] = []
    channel = connect(server)

    list(
        channel.send(
            [a_letter(1)], note=lambda message_id, phase: seen.append(len(server.messages))
        )
    )

    assert seen == [0]
    assert len(server.messages) == 1


def test_a_letter_refused_before_its_text_was_never_handed_over(
    server: SmtpServer, connect: Connect
) -> None:
    server.misbehave(Fault(at="rcpt", reply="550 5.1.1 No such user"))
    notes = Notes()

    send(connect(server), a_letter(1), note=notes)

    assert notes.handed_over == []


def test_a_note_that_cannot_be_taken_stops_the_work_before_the_dot(
    server: SmtpServer, connect: Connect
) -> None:
    def note(message_id: int, phase: Phase) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        list(connect(server).send([a_letter(1), a_letter(2)], note=note))

    assert server.messages == []


def test_a_text_with_dots_at_line_starts_arrives_unchanged(
    server: SmtpServer, connect: Connect
) -> None:
    text = "..two\n.one\n.\nend"

    send(connect(server), a_letter(1, text=text, html=""))

    assert server.messages[0].parsed.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_does_not_hurt_the_next_letter(
    pipelining: bool, connect: Connect
) -> None:
    with SmtpServer(pipelining=pipelining) as server:
        server.misbehave(Fault(at="rcpt", rcpt="ben@waits.example", reply="550 5.1.1 Unknown"))

        results = send(
            connect(server), a_letter(1), a_letter(2, to="ben@waits.example"), a_letter(3)
        )

        assert [results[n].outcome for n in (1, 2, 3)] == ["accepted", "refused", "accepted"]
        assert results[2].blame is Blame.ADDRESS
        assert [message.rcpt_to for message in server.messages] == [("ann@waits.example",)] * 2
        assert server.connections == 1
        assert server.violations == []


def test_a_server_that_waits_for_a_text_after_refusing_gets_none(
    server: SmtpServer, connect: Connect
) -> None:
    server.misbehave(
        # Sloppy servers say 354 although there is no recipient. Here: the reply to RCPT holds
        # a refusal and, ahead of time, that 354.
        Fault(at="rcpt", message=1, reply=b"550 5.1.1 Unknown\r\n354 Go ahead\r\n")
    )

    results = send(connect(server), a_letter(1), a_letter(2))

    assert results[1].outcome is Outcome.REFUSED
    assert results[2].outcome is Outcome.ACCEPTED
    assert len(server.messages) == 1
    assert server.connections == 2


def test_letters_travel_over_several_connections_at_once(connect: Connect) -> None:
    with SmtpServer() as server:
        channel = connect(server, connections=8)
        letters = [a_letter(number) for number in range(1, 41)]
        server.hold_at(1)  # none is answered until eight are there
        sending = threading.Thread(target=lambda: results.update(send(channel, *letters)))
        results: dict[int, Result] = {}

        sending.start()
        server.wait_for(8)
        at_once = {message.connection for message in server.messages}
        server.go_on()
        sending.join(60)

        assert len(at_once) == 8
        assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
        assert {m.message_id for m in server.messages} == {
            f"<m{number}.k3y@kettle.example>" for number in range(1, 41)
        }


def test_results_come_while_other_letters_are_still_under_way(
    server: SmtpServer, connect: Connect
) -> None:
    server.misbehave(Fault(at="dot", rcpt="ben@waits.example", stall=True))
    channel = connect(server, connections=2)

    results = channel.send([a_letter(1, to="ben@waits.example"), a_letter(2)], note=Notes())
    letter, result = next(results)

    assert (letter.message_id, result.outcome) == (2, Outcome.ACCEPTED)
    server.drop_connections()  # or we would wait for the first one's answer
    assert [result.outcome for _, result in results] == [Outcome.UNKNOWN]


def test_a_caller_that_stops_reading_leaves_no_thread_behind(
    server: SmtpServer, connect: Connect
) -> None:
    channel = connect(server, connections=2)
    results = channel.send([a_letter(number) for number in range(1, 200)], note=Notes())

    next(results)
    results.close()  # type: ignore[attr-defined]

    # a line that was being opened closes itself as soon as it is
    wait_until(lambda: "smtp" not in {thread.name for thread in threading.enumerate()})
    assert len(server.messages) < 199


def test_a_connection_is_kept_between_batches_and_replaced_when_worn_out(
    server: SmtpServer, connect: Connect, clock: SettableClock
) -> None:
    channel = connect(server, max_per_connection=3, max_connection_seconds=60)

    for number in range(1, 5):
        send(channel, a_letter(number))
    assert [message.connection for message in server.messages] == [1, 1, 1, 2]

    clock.advance(timedelta(seconds=61))
    send(channel, a_letter(5))
    assert server.messages[-1].connection == 3


def test_a_kept_connection_that_died_meanwhile_costs_nothing(
    server: SmtpServer, connect: Connect
) -> None:
    channel = connect(server)
    send(channel, a_letter(1))

    server.drop_connections()

    assert send(channel, a_letter(2))[2].outcome is Outcome.ACCEPTED


def test_a_server_that_limits_connections_is_served_over_those_it_allows(
    server: SmtpServer, connect: Connect
) -> None:
    for number in range(3, 9):
        too_many = "421 4.7.0 Too many connections"
        server.misbehave(Fault(at="greeting", connection=number, reply=too_many, drop=True))

    results = send(connect(server, connections=8), *[a_letter(n) for n in range(1, 31)])

    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}


def test_each_letter_has_its_own_bounce_address_that_nobody_can_forge(
    server: SmtpServer, connect: Connect
) -> None:
    channel = connect(server, bounce_domain="bounces.kettle.example")

    send(channel, a_letter(1), a_letter(2))

    senders = [message.mail_from for message in server.messages]
    assert [read_token(sender, secrets=[SECRET]) for sender in senders] == [
        ReturnPath(ReturnPurpose.BOUNCE, "m1.k3y"),
        ReturnPath(ReturnPurpose.BOUNCE, "m2.k3y"),
    ]
    assert all(sender.endswith("@bounces.kettle.example") for sender in senders)
    assert read_token(senders[0].replace("m1", "m2"), secrets=[SECRET]) is None


def test_a_retry_carries_the_same_bytes(
    server: SmtpServer, connect: Connect, clock: SettableClock
) -> None:
    first_tried_at = clock()
    channel = connect(server)
    send(channel, a_letter(1))

    clock.advance(timedelta(hours=3))
    send(channel, a_letter(1, attempt_no=2, first_tried_at=first_tried_at))

    assert server.messages[0].raw == server.messages[1].raw


def test_a_letter_for_an_address_that_no_mail_can_have_is_refused_alone(
    server: SmtpServer, connect: Connect
) -> None:
    results = send(connect(server), a_letter(1, to="jörg@waits.example"), a_letter(2))

    assert (results[1].outcome, results[1].blame) == (Outcome.REFUSED, Blame.ADDRESS)
    assert results[2].outcome is Outcome.ACCEPTED


def test_a_letter_that_cannot_be_a_mail_does_not_stop_the_others(
    server: SmtpServer, connect: Connect
) -> None:
    results = send(connect(server), a_letter(1, headers=(("From", "eve@x.example"),)), a_letter(2))

    assert (results[1].outcome, results[1].blame) == (Outcome.TRY_LATER, Blame.OURS)
    assert results[2].outcome is Outcome.ACCEPTED


def test_a_stale_letter_is_not_sent(
    server: SmtpServer, connect: Connect, clock: SettableClock
) -> None:
    results = send(
        connect(server),
        a_letter(1, not_after=clock()),
        a_letter(2, not_after=clock() + timedelta(seconds=1)),
    )

    assert (results[1].outcome, results[1].code) == (Outcome.REFUSED, "stale")
    assert results[2].outcome is Outcome.ACCEPTED


def test_a_letter_over_the_servers_limit_is_not_sent_to_it(connect: Connect) -> None:
    with SmtpServer(size_limit=2000) as server:
        results = send(connect(server), a_letter(1, text="x" * 5000), a_letter(2))

        assert (results[1].outcome, results[1].blame) == (Outcome.REFUSED, Blame.CONTENT)
        assert results[2].outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("logins", [("PLAIN", "LOGIN"), ("LOGIN",)])
def test_a_login_goes_through_a_verified_encryption(
    security: Any, logins: tuple[str, ...], connect: Connect, authority: Authority
) -> None:
    certificate = authority.issue("localhost")
    with SmtpServer(
        security=security, certificate=certificate, users={"olga": "pässword"}, logins=logins
    ) as server:
        channel = connect(
            server,
            security=security,
            username="olga",
            password="pässword",
            ca_file=str(authority.ca_file),
        )

        assert send(channel, a_letter(1))[1].outcome is Outcome.ACCEPTED
        assert (server.messages[0].encrypted, server.messages[0].user) == (True, "olga")
        assert server.violations == []


def test_a_bounce_domain_without_a_secret_is_a_wrong_set_up(
    server: SmtpServer, connect: Connect
) -> None:
    with pytest.raises(ConfigError, match="secret"):
        connect(server, bounce_domain="bounces.kettle.example", secret=b"")


def test_a_file_without_certificates_is_a_wrong_set_up(
    server: SmtpServer, connect: Connect, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(ConfigError, match=r"ca\.pem"):
        connect(server, ca_file=str(tmp_path / "ca.pem"))


def test_a_mail_server_that_is_not_ours_takes_it_too(
    connect: Connect, authority: Authority
) -> None:
    taken: list[Envelope] = []

    class Keep:
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
            taken.append(envelope)
            return "250 Message accepted for delivery"

    class OnAnyPort(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    certificate = authority.issue("localhost")
    controller = OnAnyPort(
        Keep(),
        hostname="127.0.0.1",
        port=0,
        ready_timeout=60,
        tls_context=certificate.server_context(),
        require_starttls=True,
        auth_required=True,
        authenticator=lambda *a: AuthResult(success=a[4].password == b"secret"),
    )
    controller.start()
    try:
        server = SmtpServer(port=controller.port)  # only for its address
        channel = connect(
            server,
            security="starttls",
            username="olga",
            password="secret",
            ca_file=str(authority.ca_file),
        )

        results = send(channel, a_letter(1), a_letter(2, text=".\n..\n"), a_letter(3))
    finally:
        controller.stop()

    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    assert [envelope.rcpt_tos for envelope in taken] == [["ann@waits.example"]] * 3
    assert b"\r\n.\r\n..\r\n" in (taken[1].original_content or b"").replace(b"=2E", b".")
