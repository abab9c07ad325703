"""What do the tests of the mail channel share: letters, notes, servers and channels to them?"""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifier.channels.base import Letter, MessageChannel, Phase, Result
from notifier.channels.email_smtp import Channel, Settings
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import SmtpServer
from tests.timing import SettableClock

SECRET = b"a secret of Olga's"


def a_letter(number: int = 1, *, to: str = "ann@waits.example", **changes: Any) -> Letter:
    parts: dict[str, Any] = {
        "message_id": number,
        "uid": f"m{number}.k3y",
        "attempt_no": 1,
        "kind": "back_in_stock",
        "address": to,
        "shop": "kettle",
        "subject": "The red kettle is back",
        "text": "It is back.\n",
        "html": "<p>It is back.</p>\n",
    }
    return Letter(**(parts | changes))


class Notes:
    """Where a worker would keep its phases."""

    def __init__(self) -> None:
        self.handed_over: list[int] = []

    def __call__(self, message_id: int, phase: Phase) -> None:
        assert phase is Phase.HANDED_OVER
        self.handed_over.append(message_id)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


Connect = Callable[..., Channel]


@pytest.fixture
def connect(clock: SettableClock) -> Iterator[Connect]:
    """Makes channels to a server; hangs up at the end."""
    made: list[Channel] = []

    def connect(server: SmtpServer, *, secret: bytes = SECRET, **changes: Any) -> Channel:
        settings: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "security": "none",
            "from_address": "Kettle & Co <hello@kettle.example>",
            "connections": 1,
            "connect_timeout": 30,
            "command_timeout": 30,
            "dot_timeout": 30,
        }
        made.append(Channel(Settings(**(settings | changes)), clock=clock, secret=secret))
        return made[-1]

    yield connect
    for channel in made:
        channel.close()


def send(channel: MessageChannel, *letters: Letter, note: Notes | None = None) -> dict[int, Result]:
    results = list(channel.send(letters, note=note or Notes()))
    by_id = {letter.message_id: result for letter, result in results}
    assert len(by_id) == len(results) == len(letters), "every letter has one result"
    return by_id


Key = tuple[Path, str]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """A private key's file, and the TXT record of its public half."""
    file = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(
        ["openssl", "genrsa", "-out", str(file), "2048"], check=True, capture_output=True
    )
    public = subprocess.run(
        ["openssl", "rsa", "-in", str(file), "-pubout", "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    return file, f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"
