"""What lies on the wire together, and what may go elsewhere when the wire is cut?"""

# ruff: noqa: F401, F811 - fixtures are imported by name
from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import pytest

from notifier.channels.base import Letter, Outcome, Result
from notifier.channels.smtp import run
from notifier.channels.smtp.pace import Pace, provider_of
from tests.contracts.mail_channel import Connect, Notes, a_letter, connect, send, server
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.timing import PATIENCE, wait_until

TOO_FAST = Result(outcome=Outcome.TRY_LATER, code="450 4.7.28")
TAKEN = Result(outcome=Outcome.ACCEPTED, code="250")


class Desk:
    """A desk as a sender has it. `unwanted`: who said stop at the last moment."""

    def __init__(self, *letters: Letter, unwanted: Collection[int] = ()) -> None:
        self.letters = deque(letters)
        self.unwanted = unwanted
        self.is_open = False
        self.is_stopped = False
        self.noted: list[int] = []
        self.results: dict[int, Result] = {}

    def waiting(self) -> int:
        return len(self.letters)

    def next_letter(self) -> Letter | None:
        return self.letters.popleft() if self.letters else None

    def hand_over(
        self, letters: Sequence[Letter], *, earlier_not_taken: bool = False
    ) -> Collection[int]:
        self.noted += [one.message_id for one in letters if one.message_id not in self.unwanted]
        return self.unwanted

    def answered(self, results: Sequence[tuple[Letter, Result]]) -> None:
        assert not {letter.message_id for letter, _ in results} & set(self.results)
        self.results.update((letter.message_id, result) for letter, result in results)


def letters(count: int) -> list[Letter]:
    return [a_letter(number) for number in range(1, count + 1)]


def carry(desk: Desk, rounds: Iterator[None]) -> None:
    for _ in rounds:
        continue


@contextmanager
def scripted(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that says what the test wants it to say; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                script(sock)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)


def read_until(sock: socket.socket, end: bytes) -> bytes:
    seen = b""
    sock.settimeout(PATIENCE)
    while end not in seen:
        seen += sock.recv(65536)
    return seen


def test_a_text_its_dot_and_the_next_envelope_need_no_answer_in_between(connect: Connect) -> None:
    together: list[bytes] = []

    def script(sock: socket.socket) -> None:
        sock.sendall(b"220 here\r\n")
        read_until(sock, b"EHLO")
        sock.sendall(b"250-here\r\n250 PIPELINING\r\n")
        together.append(read_until(sock, b"DATA\r\n"))
        sock.sendall(b"250 1\r\n250 2\r\n354 3\r\n")
        together.append(read_until(sock, b"DATA\r\n"))  # the first dot is not answered yet
        sock.sendall(b"250 4\r\n250 5\r\n250 6\r\n354 7\r\n")
        read_until(sock, b"\r\n.\r\n")
        sock.sendall(b"250 8\r\n")

    with scripted(script) as port:
        server = SmtpServer(port=port)  # only for its address
        results = send(connect(server), *letters(2))

    assert {result.outcome for result in results.values()} == {Outcome.ACCEPTED}
    assert together[0].startswith(b"MAIL FROM:")
    assert b"RCPT TO:" in together[0]
    assert b"\r\n.\r\nMAIL FROM:" in together[1]


FIRST = "first@waits.example"
CUTS = {
    "at the first dot, taken": (Fault(at="dot", rcpt=FIRST, drop=True, stores=True), "unknown"),
    "at the first dot": (Fault(at="dot", rcpt=FIRST, drop=True), "unknown"),
    "with 421 for the first": (
        Fault(at="dot", rcpt=FIRST, reply="421 4.3.2 Going down", drop=True),
        "try_later",
    ),
    "behind the first": (Fault(at="mail", message=2, drop=True), "accepted"),
    "at the second's RCPT": (Fault(at="rcpt", message=2, drop=True), "accepted"),
    "at the second's DATA": (Fault(at="data", message=2, drop=True), "accepted"),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_was_only_announced_when_the_line_was_cut_leaves_by_another(
    name: str, server: SmtpServer, connect: Connect
) -> None:
    fault, first = CUTS[name]
    server.misbehave(fault)
    notes = Notes()

    mails = [a_letter(1, to=FIRST), *letters(6)[1:]]
    results = send(connect(server, connections=2), *mails, note=notes)

    # Which of the two lines says MAIL second, and so whose letter is struck, is open.
    struck = [1] if fault.rcpt else range(1, 7)
    assert first in [results[number].outcome for number in struck]
    held = [message.message_id for message in server.messages]
    for number in range(2, 7):
        taken = held.count(f"<m{number}.k3y@kettle.example>")
        assert taken == (results[number].outcome is Outcome.ACCEPTED)
        assert notes.handed_over.count(number) == taken
    lost = [one for one in results.values() if one.outcome is not Outcome.ACCEPTED]
    assert len(lost) <= 2, "the letter on the line, and one that the server had begun with"
    assert server.violations == []


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "step by step"])
def test_one_that_nobody_wants_any_more_stops_no_other(pipelining: bool, connect: Connect) -> None:
    with SmtpServer(pipelining=pipelining) as server:
        desk = Desk(*letters(5), unwanted={1, 3})
        channel = connect(server)

        carry(desk, channel.carry(desk))

        assert sorted(desk.results) == sorted(desk.noted) == [2, 4, 5]
        assert len(server.messages) == 3


def test_letters_put_on_the_desk_meanwhile_leave_at_once(
    server: SmtpServer, connect: Connect
) -> None:
    channel, desk = connect(server, connections=4), Desk()
    desk.is_open = True
    thread = threading.Thread(target=carry, args=(desk, channel.carry(desk)))
    thread.start()

    for number in range(1, 4):
        desk.letters.append(a_letter(number))
        channel.wake()
        wait_until(lambda: number in desk.results)  # noqa: B023
    desk.is_open = False
    channel.wake()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert [result.outcome for result in desk.results.values()] == [Outcome.ACCEPTED] * 3


def test_a_desk_that_stops_lets_what_was_handed_over_come_to_its_end(
    server: SmtpServer, connect: Connect
) -> None:
    has_stopped = threading.Event()
    server.misbehave(Fault(at="dot", message=1, until=has_stopped, stores=True))
    channel, desk = connect(server), Desk(*letters(4))
    thread = threading.Thread(target=carry, args=(desk, channel.carry(desk)))
    thread.start()
    wait_until(lambda: desk.noted == [1])

    desk.is_stopped = True
    has_stopped.set()
    thread.join(PATIENCE)

    assert {number: one.outcome for number, one in desk.results.items()} == {1: Outcome.ACCEPTED}
    assert desk.noted == [1]


class Standing:
    """Stands in for `time`: no second goes by until two letters have arrived, however long that
    takes on a busy machine."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._began = time.monotonic()

    def monotonic(self) -> float:
        now = time.monotonic()
        if len(self._server.messages) < 2:
            self._began = now
        return now - self._began + 1024.0


def test_a_busy_provider_holds_up_no_other(
    server: SmtpServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "time", Standing(server))
    to_google = [a_letter(n, to=f"p{n}@gmail.com") for n in range(1, 9)]
    channel = connect(server, provider_rate=2)

    results = send(channel, *to_google, a_letter(9))

    put_off = [number for number, one in results.items() if one.code == "paced"]
    assert put_off == [4, 5, 6, 7, 8], "the first three are due within a second"
    waits = [results[number].retry_after for number in put_off]
    assert waits == sorted(waits)  # type: ignore[type-var]
    assert server.messages[0].rcpt_to == ("p1@gmail.com",)
    assert server.messages[1].rcpt_to == ("ann@waits.example",)


def test_a_provider_that_says_too_fast_rests_longer_each_time_until_it_takes_one() -> None:
    pace = Pace()
    assert pace.is_free
    pace.note("google", TOO_FAST, 100.0)
    assert [pace.book(one, 100.0, at_most=1) for one in ("google", "example.org")] == [30.0, 0.0]
    pace.note("google", TOO_FAST, 110.0)  # another that was under way
    assert pace.book("google", 110.0, at_most=1) == 20.0
    pace.note("google", TOO_FAST, 131.0)
    assert pace.book("google", 131.0, at_most=1) == 60.0
    pace.note("google", TAKEN, 200.0)
    assert pace.is_free


@pytest.mark.parametrize(
    ("address", "provider"),
    [("a@googlemail.com", "google"), ("a@GMAIL.com", "google"), ("a@shop.example", "shop.example")],
)
def test_domains_of_one_provider_share_its_pace(address: str, provider: str) -> None:
    assert provider_of(address) == provider


def test_a_connection_that_came_too_late_for_one_call_costs_the_next_no_letter(
    server: SmtpServer, connect: Connect
) -> None:
    """It waited for the next letter, for hours perhaps, and the server has hung up meanwhile."""
    channel = connect(server, connections=2)
    is_over = threading.Event()
    server.misbehave(Fault(at="greeting", connection=2, until=is_over))
    send(channel, a_letter(1), a_letter(2))
    is_over.set()
    wait_until(lambda: bool(channel._pool._dialer._done))
    server.drop_connections()

    results = send(channel, a_letter(3), a_letter(4))

    assert {one.outcome for one in results.values()} == {Outcome.ACCEPTED}
