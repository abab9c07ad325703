"""What happens to letters when an encrypted line is garbled or cut, in the handshake or later?

A line between the server and us changes one byte or breaks. Nothing may be said in clear, no letter
may be burnt, and what was handed over is known (trust 2.1.1, FI-6, FI-9, FI-54).
"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from notifier.channels.base import Blame, Outcome
from notifier.channels.email_smtp import Channel
from tests.contracts.mail_channel import Connect, Notes, a_letter, authority, connect, send
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.tcp_proxy import Cut, TcpProxy

LATER, UNKNOWN, ACCEPTED = Outcome.TRY_LATER, Outcome.UNKNOWN, Outcome.ACCEPTED
HOW: dict[str, dict[str, Any]] = {
    "garbled": {"garble": True},
    "hung up": {},
    "reset": {"reset": True},
}
FEW = (0, 7, 60, 190)
MANY = (*range(12), *range(20, 1600, 40))
OFTEN = pytest.mark.parametrize("places", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])


@pytest.fixture(params=["starttls", "tls"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[SmtpServer]:
    """It encrypts, and wants a login, so that whatever is said in clear would cost a password."""
    with SmtpServer(
        security=request.param,
        certificate=authority.issue("localhost"),
        users={"olga": "secret"},
    ) as server:
        yield server


def channel_to(
    line: TcpProxy, server: SmtpServer, connect: Connect, authority: Authority
) -> Channel:
    return connect(
        server,
        port=line.port,
        security=server.security,
        username="olga",
        password="secret",
        ca_file=str(authority.ca_file),
        connect_timeout=0.6,  # for what waits for bytes that never come
        command_timeout=0.6,
        dot_timeout=0.6,
    )


def _before_tls(server: SmtpServer) -> dict[str, int]:
    """Octets each side says in clear: up to the line before the handshake."""
    if server.security == "tls":
        return {"up": 0, "down": 0}
    return {"up": len(b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n"), "down": 180}


@pytest.mark.fault("FI-6", "FI-9")
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("way", ["up", "down"])
@OFTEN
def test_a_handshake_that_is_garbled_or_cut_burns_no_letter_and_says_nothing_in_clear(
    server: SmtpServer,
    connect: Connect,
    authority: Authority,
    way: str,
    how: str,
    places: tuple[int, ...],
) -> None:
    failed = 0
    for number, place in enumerate(places, 1):
        at = _before_tls(server)[way] + place
        with TcpProxy((server.host, server.port)) as line:
            line.misbehave(Cut(**{way: at}, times=1, **HOW[how]))
            notes = Notes()
            channel = channel_to(line, server, connect, authority)
            result = send(channel, a_letter(number), note=notes)[number]
            channel.close()
            for secret in (b"AUTH", b"MAIL", b"kettle", b64encode(b"\0olga\0secret")):
                assert secret not in line.heard
        held = [message.message_id for message in server.messages]
        copies = held.count(f"<m{number}.k3y@kettle.example>")
        if result.outcome is ACCEPTED:
            assert copies == 1  # what was to be changed or cut never came by
            continue
        failed += 1
        assert result.outcome is LATER or (
            result.outcome is UNKNOWN and number in notes.handed_over
        )
        assert copies == 0 or result.outcome is UNKNOWN
        # one that cannot be believed stops the channel; what is merely broken is an outage
        wanted = Blame.CONFIG if result.code.startswith("certificate") else Blame.TRANSPORT
        assert result.blame in (wanted, Blame.NOBODY), result
    assert failed >= len(places) / 2
    assert server.violations == []
    assert all(message.encrypted and message.user == "olga" for message in server.messages)
