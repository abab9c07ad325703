"""A worker is killed at a chosen step (trust FI-1, FI-13, FI-14): how many copies arrive?

Before the final dot: exactly one. After it, without an answer: the server has it, the worker cannot
know, so two. From the answer on: one, since the answer stands in the journal. By SMS always one:
the phone network can be asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.smtp_server import Fault, SmtpServer
from tests.fakes.twilio import FakeTwilio
from tests.fakes.twilio import Fault as PhoneFault
from tests.reliability.checker import Rows, check, unfinished
from tests.reliability.database_trouble import writers_locked_out
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import OUR_NUMBER, seed
from tests.timing import wait_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where the worker stands when it is killed."""

    name: str
    stall: Fault
    reached: Callable[[SmtpServer], object]
    copies: int = 1
    unknowns: int = 0


def _has(verb: str) -> Callable[[SmtpServer], bool]:
    return lambda smtp: any(line.upper().startswith(verb) for _, line in smtp.commands)


POINTS = (
    Point(
        name="claimed, connecting",
        stall=Fault(at="connect", stall=True),
        reached=lambda smtp: smtp.connections,
    ),
    Point(name="connected", stall=Fault(at="ehlo", stall=True), reached=_has("EHLO")),
    Point(name="after MAIL", stall=Fault(at="mail", stall=True), reached=_has("MAIL")),
    Point(name="after RCPT", stall=Fault(at="rcpt", stall=True), reached=_has("RCPT")),
    Point(name="after DATA", stall=Fault(at="data", stall=True), reached=_has("DATA")),
    Point(
        name="after the dot, not taken",
        stall=Fault(at="body", stall=True),
        reached=_has("DATA"),
        unknowns=1,
    ),
    Point(
        name="after the dot, taken, no answer",
        stall=Fault(at="dot", stall=True),
        reached=lambda smtp: smtp.messages,
        copies=2,
        unknowns=1,
    ),
)
# What the database is does not matter before something is booked; both are tried where it does.
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.mark.fault("FI-1")
@ON_SQLITE
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_killed_at_a_step_of_the_dialogue(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    tmp_path: Path,
    point: Point,
) -> None:
    config = configure(connections=1, unknown_after="0.1s")
    seed(config, mails=1).db.close()
    smtp.misbehave(point.stall)
    fleet = make_fleet(config)
    worker = fleet.start()
    wait_until(lambda: point.reached(smtp))
    if point.unknowns:
        wait_until(lambda: _journal(tmp_path).count("\nH "))
    fleet.kill(worker)
    smtp.behave()
    fleet.start()
    _ends_with(smtp, database_url, copies=point.copies, unknowns=point.unknowns)


@pytest.mark.fault("FI-1")
@pytest.mark.parametrize("killed", ["before the commit", "after the commit"])
def test_killed_once_the_answer_was_there(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    tmp_path: Path,
    killed: str,
) -> None:
    config = configure(connections=1, unknown_after="0.1s")
    env = seed(config, mails=1)
    may_answer = threading.Event()
    smtp.misbehave(Fault(at="dot", until=may_answer))
    fleet = make_fleet(config)
    worker = fleet.start()
    with ExitStack() as stack:
        if killed == "before the commit":
            wait_until(lambda: smtp.messages)
            stack.enter_context(writers_locked_out(database_url))
            may_answer.set()
            wait_until(lambda: _journal(tmp_path).count("\nA "))
        else:
            may_answer.set()
            wait_until(lambda: unfinished(database_url) == 0)
        fleet.kill(worker)
    smtp.behave()
    fleet.start()
    _ends_with(smtp, database_url, copies=1, unknowns=0)
    env.db.close()


@pytest.mark.fault("FI-1", "FI-13")
@ON_SQLITE
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
def test_killed_while_the_phone_network_has_the_request(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    database_url: str,
    taken: bool,
) -> None:
    copies = _texted_after_kills(configure, make_fleet, database_url, kills=1, taken=taken)
    assert check(database_url, copies, kills=1, in_flight=0).problems == []
    assert [len(sids) for sids in copies.values()] == [1]


@pytest.mark.fault("FI-1", "FI-13")
@ON_SQLITE
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
def test_killed_twice_while_the_phone_network_has_the_request(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    database_url: str,
    taken: bool,
) -> None:
    """Before the second try its list was read: what it says now is the answer to that try."""
    copies = _texted_after_kills(configure, make_fleet, database_url, kills=2, taken=taken)
    verdict = check(database_url, copies, kills=2, in_flight=0)
    assert verdict.problems == []
    assert (verdict.taken, verdict.unknown) == (1, 0)


def _texted_after_kills(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    url: str,
    *,
    kills: int,
    taken: bool,
) -> dict[str, list[str]]:
    """So many senders of one text are killed while the network has the request, which it takes in
    the last of them only, if at all. What arrived when the next one is done, by number."""
    with FakeTwilio(numbers=(OUR_NUMBER,)) as network:
        config = configure(twilio_url=network.url, unknown_after="0.2s")
        seed(config, mails=0, texts=1).db.close()
        for _ in range(kills - 1):
            network.misbehave(PhoneFault(delay=60, status=503))
        network.misbehave(PhoneFault(takes=taken, delay=60, status=0 if taken else 503))
        fleet = make_fleet(config)
        for number in range(1, kills + 1):
            worker = fleet.start()
            wait_until(lambda number=number: len(network.tries) == number)  # type: ignore[misc]
            if taken and number == kills:
                wait_until(lambda: network.messages)
            fleet.kill(worker)
        fleet.start()
        wait_until(lambda: unfinished(url) == 0, every=0.05)
        return {text.to: [text.sid for text in network.messages] for text in network.messages}


def _ends_with(smtp: SmtpServer, url: str, *, copies: int, unknowns: int) -> None:
    wait_until(lambda: unfinished(url) == 0, every=0.05)
    ids = [mail.message_id for mail in smtp.messages]
    assert len(ids) == copies
    assert check(url, {"p0@waits.example": ids}, kills=1, in_flight=1).problems == []
    with closing(Rows(url)) as rows:
        [row] = rows("SELECT unknowns, failures FROM messages")
    assert row == {"unknowns": unknowns, "failures": 0}


def _journal(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "var" / "journal").glob("*.journal"))
