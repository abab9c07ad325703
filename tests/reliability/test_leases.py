"""Who may send a message now? Leases, clocks, zombies, and what is given back (RL-3, RL-14)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from notifier import journal
from notifier.services.deliver import Sender
from notifier.services.env import Env
from notifier.services.take_over import take_over
from notifier.store import claims, leases
from notifier.store.tables.telling import messages
from tests.fakes.smtp_server import Fault, SmtpServer
from tests.reliability.checker import check, unfinished
from tests.reliability.database_trouble import SQLITE_FIRST
from tests.reliability.seeding import seed
from tests.timing import PATIENCE, SettableClock, wait_until
from tests.world import RENDERER

PEOPLE = 6
FIRST = 1  # the id of the first message


@pytest.fixture
def env(configure: Callable[..., Path], clock: SettableClock) -> Iterator[Env]:
    """Six mails are due; one connection sends them one after the other."""
    seeded = seed(configure(connections=1), mails=PEOPLE, clock=clock)
    yield seeded
    seeded.db.close()


@pytest.fixture
def sender(env: Env) -> Iterator[Sender]:
    own = Sender(env, RENDERER)
    yield own
    own.close()


@contextmanager
def held_up(sender: Sender, smtp: SmtpServer) -> Iterator[None]:
    """The sender waits for the answer to its second mail, which the server has taken."""
    smtp.misbehave(Fault(at="dot", message=2, delay=60))
    thread = threading.Thread(target=sender.send_due)
    thread.start()
    wait_until(lambda: len(smtp.messages) == 2)
    yield
    smtp.drop_connections()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def _deliver(env: Env, clock: SettableClock) -> None:
    """Another sender does what is left, over the pauses."""
    other = Sender(env, RENDERER)
    for _ in range(4):
        while other.send_due():
            continue
        clock.advance(timedelta(minutes=2))
    other.close()


@pytest.mark.fault("FI-31")
@pytest.mark.parametrize("jump", [2, -2, 23, -24], ids=lambda hours: f"{hours:+} h")
@SQLITE_FIRST
def test_a_clock_that_jumps_takes_nothing_from_a_sender_at_work(
    env: Env, sender: Sender, smtp: SmtpServer, clock: SettableClock, jump: int
) -> None:
    is_over = threading.Event()
    smtp.misbehave(Fault(at="dot", message=2, until=is_over))
    thread = threading.Thread(target=sender.send_due)
    thread.start()
    wait_until(lambda: len(smtp.messages) == 2)
    clock.advance(timedelta(hours=jump))
    assert take_over(env) == 0
    is_over.set()
    thread.join(PATIENCE)
    url = str(env.config.database_url)
    assert unfinished(url) == 0
    assert check(url, _copies(smtp), kills=0, in_flight=0).problems == []


@pytest.mark.fault("FI-7")
@SQLITE_FIRST
def test_a_server_that_takes_long_to_answer_does_not_cost_the_lease(
    configure: Callable[..., Path], smtp: SmtpServer
) -> None:
    """trust FI-7, with a lease of three seconds in place of one and a half minutes."""
    env = seed(configure(connections=1, lease="3s"), mails=2)
    sender = Sender(env, RENDERER)
    is_over = threading.Event()
    smtp.misbehave(Fault(at="dot", message=1, until=is_over))
    thread = threading.Thread(target=sender.send_due)
    thread.start()
    smtp.wait_for(1)
    first_lease_ends = journal.boot_seconds() + 3
    wait_until(lambda: journal.boot_seconds() > first_lease_ends)
    assert take_over(env) == 0
    is_over.set()
    thread.join(PATIENCE)
    sender.close()
    url = env.config.database_url
    env.db.close()
    assert unfinished(url) == 0
    assert check(url, _copies(smtp), kills=0, in_flight=0).problems == []


@pytest.mark.fault("FI-5")
@SQLITE_FIRST
def test_a_zombie_hands_over_nothing_more(
    env: Env,
    sender: Sender,
    smtp: SmtpServer,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time ran out while it slept: what it holds is sent by others, and only once."""
    later = journal.boot_seconds() + 100
    with held_up(sender, smtp):
        with monkeypatch.context() as slept:
            slept.setattr(journal, "boot_seconds", lambda: later)
            assert take_over(env) >= PEOPLE - 1  # the first may be booked already
        _deliver(env, clock)
    while sender.send_due():  # it has noticed and begun anew; what came back goes by its new name
        continue
    verdict = check(str(env.config.database_url), _copies(smtp), kills=1, in_flight=1)
    assert verdict.problems == []
    assert verdict.doubles == 1  # the one that was on its way
    assert journal.look(env.config.service.data_dir / "journal", sender.owner).value == "alive"


@pytest.mark.fault("FI-31")
def test_a_clock_set_back_does_not_make_a_lease_last_for_years(
    env: Env, clock: SettableClock
) -> None:
    _claim_elsewhere(env, clock)
    clock.advance(timedelta(days=-365))
    assert take_over(env) == PEOPLE


def test_a_sender_elsewhere_keeps_its_messages_until_its_lease_is_over(
    env: Env, clock: SettableClock
) -> None:
    """Another machine may well have our name; its notes are not here."""
    _claim_elsewhere(env, clock)
    assert take_over(env) == 0
    clock.advance(env.config.delivery.lease + timedelta(seconds=1))
    assert take_over(env) == PEOPLE
    assert {row["unknowns"] for row in _rows(env, "SELECT unknowns FROM messages")} == {1}


@pytest.mark.fault("FI-35")
def test_what_a_lost_commit_claimed_is_sent_all_the_same(
    env: Env, sender: Sender, smtp: SmtpServer, clock: SettableClock
) -> None:
    """The database took the claim, and the answer never came (trust RL-25)."""
    _claim_elsewhere(env, clock, owner=sender.owner, limit=2)
    while sender.send_due():
        continue
    assert unfinished(str(env.config.database_url)) == 0
    assert sorted(len(ids) for ids in _copies(smtp).values()) == [1] * PEOPLE


@SQLITE_FIRST
def test_a_stopped_sender_gives_back_what_it_has_not_handed_over(
    env: Env, sender: Sender, smtp: SmtpServer
) -> None:
    is_told = threading.Event()
    smtp.misbehave(Fault(at="dot", message=2, until=is_told))
    thread = threading.Thread(target=sender.send_due)
    thread.start()
    wait_until(lambda: len(smtp.messages) == 2)
    sender.stop()
    is_told.set()
    thread.join(PATIENCE)
    states = [row["state"] for row in _rows(env, "SELECT state FROM messages ORDER BY id")]
    assert sorted(states) == ["accepted"] * 2 + ["due"] * (PEOPLE - 2)
    assert len(smtp.messages) == 2
    [other] = _rows(env, "SELECT count(*) AS n FROM messages WHERE due_at > '2026-12-01 10:00:01'")
    assert other["n"] == 0  # at once, not in half a minute


@pytest.mark.fault("FI-37")
def test_a_message_that_kills_every_sender_is_tried_ever_more_rarely(
    env: Env, clock: SettableClock
) -> None:
    """Its neighbours in the batch get through meanwhile (trust RL-9)."""
    began = clock()
    folder = env.config.service.data_dir / "journal"
    for _ in range(13):
        with env.db.write() as tx:
            due = claims.select_due(tx, channel="mail", now=clock(), limit=1)
            owner = _dead_journal(folder)
            lease = env.config.delivery.lease
            claims.claim(tx, [one.id for one in due], owner=owner, now=clock(), lease=lease)
        take_over(env)
    rows = _rows(env, "SELECT attempt_no, failures, state FROM messages ORDER BY id")
    assert rows[0]["attempt_no"] == 11
    assert {row["state"] for row in rows} == {"due"}
    assert {row["failures"] for row in rows} == {0}
    assert clock() == began


@pytest.mark.fault("FI-37")
def test_one_that_kills_its_senders_once_handed_over_is_tried_ever_more_rarely(
    env: Env, clock: SettableClock
) -> None:
    """The provider took none of the earlier tries, so it is tried on."""
    pauses = []
    for number in range(1, 14):
        sender = _hand_over_anew(env, clock, number)
        sender.close(keep=True)  # as a kill leaves it
        assert take_over(env) == 1
        pauses.append(_due_at(env) - clock())
    assert pauses[:10] == [env.config.delivery.unknown_after] * 10
    assert timedelta(minutes=1) < pauses[10] < pauses[11] < pauses[12]


@pytest.mark.fault("FI-5")
def test_what_a_sleeping_sender_noted_of_earlier_tries_does_not_count(
    env: Env, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wake and send, so there would be one copy more."""
    later = journal.boot_seconds() + 1000
    for number in (1, 2):
        sleeping = _hand_over_anew(env, clock, number)
        with monkeypatch.context() as slept:
            slept.setattr(journal, "boot_seconds", lambda: later)
            assert take_over(env) == 1
        sleeping.close()
    [row] = _rows(env, "SELECT state, unknowns FROM messages WHERE finished_at IS NOT NULL")
    assert row == {"state": "unknown", "unknowns": 2}


@pytest.mark.fault("FI-31")
def test_a_leader_that_is_gone_is_followed_even_when_the_clock_was_set_back(
    env: Env, clock: SettableClock
) -> None:
    lease = timedelta(seconds=10)

    def take(owner: str) -> bool:
        with env.db.write() as tx:
            return leases.take_lease(tx, "leader", owner=owner, now=clock(), lease=lease)

    assert take("one")
    assert not take("two")
    clock.advance(timedelta(seconds=11))
    assert take("two")
    clock.advance(timedelta(hours=-2))
    assert take("one")
    assert not take("two")


def _dead_journal(folder: Path) -> str:
    own = journal.Journal(folder)
    own.close(keep=True)
    return own.owner


def _hand_over_anew(env: Env, clock: SettableClock, number: int) -> journal.Journal:
    """A sender in its try at the first message, before which the provider was asked."""
    own = journal.Journal(env.config.service.data_dir / "journal")
    lease = env.config.delivery.lease
    own.promise(lease, since=journal.boot_seconds())
    with env.db.write() as tx:
        claims.claim(tx, [FIRST], owner=own.owner, now=clock(), lease=lease)
    own.hand_over_all([(FIRST, number)], earlier_not_taken=True)
    return own


def _due_at(env: Env) -> datetime:
    with env.db.read() as tx:
        found: datetime = tx.execute(select(messages.c.due_at).filter_by(id=FIRST)).scalar_one()
    return found


def _claim_elsewhere(
    env: Env, clock: SettableClock, *, owner: str = "elsewhere-1", limit: int = 99
) -> None:
    with env.db.write() as tx:
        due = claims.select_due(tx, channel="mail", now=clock(), limit=limit)
        lease = env.config.delivery.lease
        claims.claim(tx, [one.id for one in due], owner=owner, now=clock(), lease=lease)


def _rows(env: Env, query: str) -> list[dict[str, Any]]:
    with env.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(text(query))]
