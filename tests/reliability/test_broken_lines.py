"""The line to the mail server or to the database breaks at any byte (trust FI-6, FI-7, FI-35)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.fakes.tcp_proxy import Cut, TcpProxy
from tests.reliability.checker import Rows, Verdict, check, unfinished
from tests.reliability.database_trouble import hurry
from tests.reliability.fleet import Fleet
from tests.reliability.seeding import seed
from tests.timing import wait_until

CONNECTIONS = 2
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
ON_POSTGRES = pytest.mark.parametrize("engine_name", ["postgres"])


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes 3 ms a mail."""
    with SmtpServer(delay=0.003) as server:
        yield server


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def _is_over(url: str) -> bool:
    hurry(url)
    with closing(Rows(url)) as rows:  # a channel that paused itself looks again at once
        rows.change("DELETE FROM switches")
    return unfinished(url) == 0


def _send_all(config: Path, fleet: Fleet, url: str, *, mails: int, patience: float) -> None:
    """One worker, until nothing is left to be done."""
    seed(config, mails=mails).db.close()
    worker = fleet.start()
    wait_until(lambda: _is_over(url), patience, every=0.2)
    assert fleet.stop(worker) == 0


def _harm(verdict: Verdict) -> dict[str, int]:
    return {
        "lost": verdict.lost,
        "doubles": verdict.doubles,
        "most_copies": verdict.most_copies,
    }


def _any_cut(number: int, chance: random.Random) -> Cut:
    """The n-th connection breaks somewhere in its first mails, by a hang-up or a reset."""
    reset = chance.random() < 0.5
    if chance.random() < 0.5:
        return Cut(connection=number, up=chance.randrange(1, 40_000), reset=reset, times=1)
    return Cut(connection=number, down=chance.randrange(1, 1_500), reset=reset, times=1)


@pytest.mark.fault("FI-6")
@pytest.mark.parametrize(
    ("mails", "most", "patience"),
    [
        (40, 8, 60),
        pytest.param(1200, 150, 500, marks=[pytest.mark.soak, pytest.mark.lasts(180)]),
    ],
)
@ON_SQLITE
def test_a_line_to_the_mail_server_that_is_cut_at_any_byte_loses_nothing(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    mails: int,
    most: int,
    patience: float,
    seen: Callable[..., None],
) -> None:
    chance = random.Random(mails)
    with TcpProxy((smtp.host, smtp.port)) as line:
        line.misbehave(*(_any_cut(number, chance) for number in range(1, most + 1)))
        config = configure(smtp_port=line.port, connections=CONNECTIONS, unknown_after="0.2s")
        _send_all(config, make_fleet(config), database_url, mails=mails, patience=patience)
    verdict = check(database_url, _copies(smtp), kills=line.cuts, in_flight=1)
    seen(messages=verdict.messages, cuts=line.cuts, **_harm(verdict))
    assert verdict.problems == []
    assert line.cuts >= most / 3
    assert smtp.violations == []


@pytest.mark.fault("FI-6", "FI-9")
@pytest.mark.parametrize(
    ("mails", "most", "patience"),
    [
        (30, 6, 60),
        pytest.param(800, 120, 500, marks=[pytest.mark.soak, pytest.mark.lasts(180)]),
    ],
)
@ON_SQLITE
def test_an_encrypted_line_that_is_garbled_or_cut_at_any_byte_loses_and_shows_nothing(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    tmp_path: Path,
    database_url: str,
    mails: int,
    most: int,
    patience: float,
    seen: Callable[..., None],
) -> None:
    chance = random.Random(mails)
    authority = Authority(tmp_path)
    certificate = authority.issue("localhost")
    with (
        SmtpServer(delay=0.003, security="starttls", certificate=certificate) as smtp,
        TcpProxy((smtp.host, smtp.port)) as line,
    ):
        line.misbehave(*(_any_garbling(number, chance) for number in range(1, most + 1)))
        config = configure(
            smtp_port=line.port,
            connections=CONNECTIONS,
            unknown_after="0.2s",
            security="starttls",
            mail=f'ca_file = "{authority.ca_file}"\nconnect_timeout = 1\n'
            "command_timeout = 1\ndot_timeout = 1\n",
        )
        _send_all(config, make_fleet(config), database_url, mails=mails, patience=patience)
    copies = _copies(smtp)
    copies.pop("olga@kettle.example", None)  # who hears that the channel is in trouble
    verdict = check(database_url, copies, kills=line.cuts, in_flight=CONNECTIONS)
    seen(messages=verdict.messages, garbled_or_cut=line.cuts, **_harm(verdict))
    assert verdict.problems == []
    assert line.cuts >= most / 3
    assert b"MAIL FROM" not in line.heard
    assert all(message.encrypted for message in smtp.messages)


def _any_garbling(number: int, chance: random.Random) -> Cut:
    """Every third connection breaks in the handshake, the others in their first mails. More
    failures in a row would open the circuit: then nothing happens for half a minute."""
    how = chance.choice([{"garble": True}, {}, {"reset": True}])
    first, last = ((27, 400), (180, 1_400)) if number % 3 == 0 else ((900, 25_000), (2_200, 4_000))
    if chance.random() < 0.5:
        return Cut(connection=number, up=chance.randrange(*first), times=1, **how)
    return Cut(connection=number, down=chance.randrange(*last), times=1, **how)


@pytest.mark.fault("FI-35")
@pytest.mark.parametrize(
    ("mails", "most"),
    [(60, 6), pytest.param(1000, 100, marks=[pytest.mark.soak, pytest.mark.lasts(215)])],
)
@ON_POSTGRES
def test_a_line_to_postgresql_that_is_cut_in_a_commit_loses_nothing_and_sends_nothing_twice(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    mails: int,
    most: int,
    seen: Callable[..., None],
) -> None:
    """Half of the commits counted, and nobody was told so; the other half never arrived."""
    url = make_url(database_url)
    with TcpProxy(_address_of(database_url)) as line:
        through = url.set(query={}, host="127.0.0.1", port=line.port)
        config = configure(
            database_url=through.render_as_string(hide_password=False), batch=10, connections=1
        )
        seed(config, mails=mails).db.close()
        fleet = make_fleet(config)
        worker = fleet.start()
        for number in range(1, most + 1):
            smtp.wait_for(round(0.9 * number * mails / most), timeout=60)
            line.misbehave(Cut(up=b"COMMIT", forward=bool(number % 2), times=1))
        wait_until(lambda: unfinished(database_url) == 0, 60, every=0.05)
        line.behave()
        assert fleet.stop(worker) == 0
    copies = _copies(smtp)
    verdict = check(database_url, copies, kills=0, in_flight=0)
    seen(messages=verdict.messages, cuts=line.cuts, lost=verdict.lost, doubles=verdict.doubles)
    assert verdict.problems == []
    assert line.cuts >= most / 2
    assert Counter(map(len, copies.values())) == {1: mails}


def _address_of(database_url: str) -> tuple[str, int] | str:
    url = make_url(database_url)
    host, port = str(url.query.get("host") or url.host or "127.0.0.1"), url.port or 5432
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


@pytest.mark.soak
@pytest.mark.fault("FI-7")
@pytest.mark.lasts(540)
@ON_SQLITE
def test_a_mail_server_that_is_silent_for_nine_minutes_after_the_dot_gets_one_copy(
    configure: Callable[..., Path],
    make_fleet: Callable[[Path], Fleet],
    smtp: SmtpServer,
    database_url: str,
    seen: Callable[..., None],
) -> None:
    minutes = 9
    config = configure(connections=1)
    seed(config, mails=3).db.close()
    smtp.misbehave(Fault(at="dot", message=2, delay=60 * minutes))
    fleet = make_fleet(config)
    workers = [fleet.start(), fleet.start()]  # the other must not take it for dead
    wait_until(lambda: unfinished(database_url) == 0, 60 * minutes + 30, every=1)
    for worker in workers:
        assert fleet.stop(worker) == 0
    verdict = check(database_url, _copies(smtp), kills=0, in_flight=0)
    seen(minutes=minutes, copies=verdict.most_copies, unknown=verdict.unknown)
    assert verdict.problems == []
