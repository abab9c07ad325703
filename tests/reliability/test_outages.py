"""The mail server or the phone network is away, or lets us not in (trust RL-27, FI-9, FI-11)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from notifier.services.deliver import Sender
from notifier.services.env import Env
from tests.fakes.certificates import Authority
from tests.fakes.smtp_server import SmtpServer
from tests.fakes.twilio import FakeTwilio, Fault
from tests.reliability.checker import check
from tests.reliability.seeding import OUR_NUMBER, seed
from tests.timing import SettableClock
from tests.world import OLGA, RENDERER

PEOPLE = 5
ON_SQLITE = pytest.mark.parametrize("engine_name", ["sqlite"])
pytestmark = ON_SQLITE


class Delivery:
    """One sender, and what became of what it sent."""

    def __init__(self, env: Env, clock: SettableClock) -> None:
        self.env = env
        self.clock = clock
        self.sender = Sender(env, RENDERER)

    def run(self, *, minutes: int = 0, step: int = 1) -> None:
        """Send what is due, again after each `step` minutes."""
        for _ in range(0, minutes + 1, step):
            while self.sender.send_due():
                continue
            if minutes:
                self.clock.advance(timedelta(minutes=step))

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.env.db.read() as tx:
            return [dict(row._mapping) for row in tx.execute(text(query))]

    def states(self) -> list[tuple[str, int]]:
        """Of what was to be told, without what the operator hears."""
        rows = self.rows(
            "SELECT state, failures FROM messages WHERE kind = 'back_in_stock' ORDER BY id"
        )
        return [(row["state"], row["failures"]) for row in rows]

    def problems(self, copies: dict[str, list[str]]) -> list[str]:
        return check(self.env.config.database_url, copies, kills=0, in_flight=0).problems


@pytest.fixture
def start(
    configure: Callable[..., Path], clock: SettableClock
) -> Iterator[Callable[..., Delivery]]:
    made: list[Delivery] = []

    def begin(*, mails: int = 0, texts: int = 0, **settings: Any) -> Delivery:
        env = seed(configure(**settings), mails=mails, texts=texts, clock=clock)
        made.append(Delivery(env, clock))
        return made[-1]

    yield begin
    for one in made:
        one.sender.close()
        one.env.db.close()


def _copies(smtp: SmtpServer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mail in smtp.messages:
        found.setdefault(mail.rcpt_to[0], []).append(mail.message_id)
    return found


def test_a_mail_server_that_is_down_for_hours_costs_no_message(
    start: Callable[..., Delivery], smtp: SmtpServer
) -> None:
    delivery = start(mails=PEOPLE)
    smtp.refuse_connections()
    delivery.run(minutes=300, step=20)
    assert delivery.states() == [("due", 0)] * PEOPLE
    smtp.accept_connections()
    delivery.run(minutes=10)
    assert delivery.states() == [("accepted", 0)] * PEOPLE
    assert delivery.problems(_copies(smtp)) == []


@pytest.mark.fault("FI-11")
def test_a_mail_server_whose_name_is_gone_costs_no_message(
    start: Callable[..., Delivery], smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """trust FI-11: the resolver fails."""

    def fail(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    delivery = start(mails=PEOPLE)
    with monkeypatch.context() as broken:
        broken.setattr(socket, "getaddrinfo", fail)
        delivery.run(minutes=60, step=5)
    assert smtp.messages == []
    assert delivery.states() == [("due", 0)] * PEOPLE
    delivery.run(minutes=10)
    assert delivery.problems(_copies(smtp)) == []


def test_an_outage_longer_than_an_alert_is_worth_drops_it_and_tells_why(
    start: Callable[..., Delivery], smtp: SmtpServer
) -> None:
    delivery = start(mails=1)
    smtp.refuse_connections()
    delivery.run(minutes=25 * 60, step=100)
    smtp.accept_connections()
    delivery.run(minutes=10)
    assert smtp.messages == []
    [row] = delivery.rows("SELECT state, reason, failures FROM messages")
    assert (row["reason"], row["failures"]) == ("stale", 0)
    [person] = delivery.rows("SELECT state FROM subscriptions")
    assert person["state"] == "waiting"  # for the next time


def test_a_wrong_password_pauses_the_channel_burns_nothing_and_heals_by_itself(
    start: Callable[..., Delivery], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue("localhost")
    users = {"olga": "another password"}
    with SmtpServer(security="starttls", certificate=certificate, users=users) as server:
        delivery = start(
            mails=PEOPLE,
            smtp_port=server.port,
            security="starttls",
            mail=f'username = "olga"\npassword = "right"\nca_file = "{authority.ca_file}"\n',
        )
        delivery.run(minutes=4)
        logins = [line for _, line in server.commands if line.startswith("AUTH")]
        assert len(logins) == 1  # paused: no account is locked by our trying
        assert delivery.states() == [("due", 0)] * PEOPLE
        alarms = delivery.rows("SELECT code, about FROM alarms WHERE cleared_at IS NULL")
        assert alarms == [{"code": "channel.trouble", "about": "mail"}]
        server.users["olga"] = "right"  # the provider was told at last
        delivery.run(minutes=10)
        assert delivery.states() == [("accepted", 0)] * PEOPLE
        copies = _copies(server)
        assert copies.pop(OLGA)  # she hears of it, if late
        assert delivery.problems(copies) == []
        assert delivery.rows("SELECT code FROM alarms WHERE cleared_at IS NULL") == []


@pytest.mark.fault("FI-13", "FI-14")
@pytest.mark.parametrize(
    ("fault", "unknowns"),
    [
        (Fault(takes=True, cut=True), 1),  # FI-13: took it, hung up
        (Fault(takes=True, status=500), 1),  # FI-14: took it, says it failed
        (Fault(status=500), 1),  # did not take it, says so badly
        (Fault(cut=True), 1),
        (Fault(status=429, code=20429, retry_after="7"), 0),
    ],
    ids=["cut, taken", "500, taken", "500", "cut", "429"],
)
def test_a_text_whose_answer_was_lost_reaches_the_phone_once(
    start: Callable[..., Delivery], clock: SettableClock, fault: Fault, unknowns: int
) -> None:
    with FakeTwilio(numbers=(OUR_NUMBER,), clock=clock) as network:
        delivery = start(texts=1, twilio_url=network.url, unknown_after="60s")
        network.misbehave(fault)
        delivery.run(minutes=10)
        copies = {one.to: [one.body] for one in network.messages}
        assert len(network.messages) == 1
        assert delivery.problems(copies) == []
        [row] = delivery.rows("SELECT unknowns, failures FROM messages")
        assert row == {"unknowns": unknowns, "failures": 0}


def test_a_second_try_does_not_count_against_the_daily_limit(
    start: Callable[..., Delivery], clock: SettableClock
) -> None:
    """One alert a day by SMS, its answer lost: the second try is the same alert."""
    with FakeTwilio(numbers=(OUR_NUMBER,), clock=clock) as network:
        delivery = start(texts=1, twilio_url=network.url)
        _limit_to_one_a_day(delivery.env)
        network.misbehave(Fault(cut=True))
        delivery.run(minutes=5)
        assert len(network.messages) == 1
        assert delivery.states() == [("accepted", 0)]


def _limit_to_one_a_day(env: Env) -> None:
    shop = env.shops["kettle"]
    limited = shop.config.model_copy(update={"sms_a_day": 1})
    env.shops["kettle"] = replace(shop, config=limited)


@contextmanager
def nobody_listens_on(port: int) -> Iterator[None]:
    """Who connects is refused; without this another test's server might get the free port."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        yield


def test_the_phone_network_is_away_for_hours(
    start: Callable[..., Delivery], clock: SettableClock
) -> None:
    with FakeTwilio(numbers=(OUR_NUMBER,), clock=clock) as network:
        delivery = start(texts=PEOPLE, twilio_url=network.url)
        port = int(network.url.rpartition(":")[2])
    with nobody_listens_on(port):
        delivery.run(minutes=120, step=15)
    assert delivery.states() == [("due", 0)] * PEOPLE
    with FakeTwilio(numbers=(OUR_NUMBER,), port=port, clock=clock) as network:
        delivery.run(minutes=10)
        copies = {one.to: [one.body] for one in network.messages}
        assert delivery.states() == [("accepted", 0)] * PEOPLE
        assert delivery.problems(copies) == []
