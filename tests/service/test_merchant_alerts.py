"""The merchant hears once when something runs low or many wait, and once a week of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from notifier.channels.apprise_alerts import Channel, Settings
from notifier.channels.base import Blame, Letter, Outcome
from notifier.config_alerts import AlertRules
from notifier.domain.message import MessageKind
from notifier.errors import ConfigError
from notifier.services import watch as watching
from notifier.services.check import check_all
from notifier.services.env import Env, open_env
from notifier.services.watch import watch
from notifier.services.weekly_report import last_due, send_reports
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import Storefront, config

ALERTS = {"low_stock": 5, "high_demand": 3, "mail_to": ["olga@kettle.example"]}


def storefront(database: Database, clock: SettableClock, folder: Path, **alerts: Any) -> Storefront:
    watching._seen.clear()  # another database, though its object may be the same
    settings = config(folder, kettle={"alerts": {**ALERTS, **alerts}, "time_zone": "Europe/Berlin"})
    return Storefront(env=open_env(settings, clock=clock, db=database), folder=folder)


@pytest.fixture
def store(database: Database, clock: SettableClock, tmp_path: Path) -> Storefront:
    return storefront(database, clock, tmp_path)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def told(store: Storefront) -> list[dict[str, Any]]:
    """What the merchant gets after one more look."""
    watch(store.env)
    return [one for one in store.send() if one["address"] == "olga@kettle.example"]


def sees(store: Storefront, clock: SettableClock, *quantities: int, key: str = "S") -> None:
    for quantity in quantities:
        clock.advance(timedelta(minutes=20))
        store.stock(key, quantity)


def test_running_low_is_told_once_until_it_was_restocked(
    store: Storefront, clock: SettableClock
) -> None:
    sees(store, clock, 20)
    assert told(store) == []
    sees(store, clock, 4)
    [mail] = told(store)
    assert mail["subject"] == "Kettle & Co: 1 product is running low"
    assert "Linen shirt (S): 4 left" in mail["text"]
    assert "https://notify.example/admin/kettle/products" in mail["text"]
    sees(store, clock, 3, 6, 5)  # a return and a sale around the line
    assert told(store) == []
    sees(store, clock, 40, 5)
    assert len(told(store)) == 0  # both within one look: it was low and is low
    sees(store, clock, 40)
    assert told(store) == []
    sees(store, clock, 2)
    assert len(told(store)) == 1


def test_a_sale_of_everything_at_once_is_told_and_what_was_out_is_not(
    store: Storefront, clock: SettableClock
) -> None:
    sees(store, clock, 0)
    sees(store, clock, 20, key="M")
    assert told(store) == []
    sees(store, clock, 0)
    sees(store, clock, 0, key="M")
    [mail] = told(store)
    assert "(M): 0 left" in mail["text"]
    assert "(S)" not in mail["text"]


def test_what_runs_low_together_is_one_mail_and_a_restart_tells_nothing_again(
    store: Storefront, clock: SettableClock
) -> None:
    for key in ("S", "M", "L"):
        sees(store, clock, 2, key=key)
    [mail] = told(store)
    assert "3 products are running low" in mail["subject"]
    watching._seen.clear()
    assert told(store) == []


def test_a_fall_while_no_process_ran_is_told(store: Storefront, clock: SettableClock) -> None:
    sees(store, clock, 20)
    assert told(store) == []
    watching._seen.clear()
    sees(store, clock, 1)
    assert len(told(store)) == 1


def test_few_days_of_stock_are_told_by_the_pace_of_sale(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    store = storefront(database, clock, tmp_path, low_stock=0, low_stock_days=7)
    sees(store, clock, 100)
    assert told(store) == []
    clock.advance(timedelta(days=2))
    sees(store, clock, 90)  # ten in four weeks: 252 days
    assert told(store) == []
    clock.advance(timedelta(days=2))
    sees(store, clock, 20)  # eighty: 7 days
    [mail] = told(store)
    assert "20 left, enough for about 7 days" in mail["text"]


def test_many_waiting_is_told_once_until_they_were_told(
    store: Storefront, clock: SettableClock
) -> None:
    sees(store, clock, 0)
    for number in range(2):
        store.wait("S", f"guest{number}@example.com")
    assert told(store) == []
    store.wait("S", "guest2@example.com")
    [mail] = told(store)
    assert mail["subject"] == "Kettle & Co: 1 product is much wanted"
    assert "Linen shirt (S): 3 people wait" in mail["text"]
    store.wait("S", "guest3@example.com")
    assert told(store) == []
    sees(store, clock, 50)
    store.send()
    assert told(store) == []
    clock.advance(timedelta(hours=7))
    sees(store, clock, 0)
    for number in range(3):
        store.wait("S", f"again{number}@example.com")
    assert len([one for one in told(store) if "much wanted" in one["subject"]]) == 1


def test_nobody_is_told_where_nothing_is_set(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    store = storefront(database, clock, tmp_path, low_stock=0, high_demand=0)
    sees(store, clock, 20, 1)
    assert told(store) == []


def test_the_report_goes_out_once_a_week_in_the_shops_time(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    store = storefront(database, clock, tmp_path, low_stock=0, high_demand=0, weekly="mon 08:00")
    clock.set(datetime(2026, 12, 4, 9, 0, tzinfo=UTC))  # Friday
    store.stock("S", 0)
    store.wait("S")
    store.send()
    assert send_reports(store.env) == 0  # last Monday's is too old by now
    clock.set(datetime(2026, 12, 7, 6, 59, tzinfo=UTC))
    assert send_reports(store.env) == 0
    clock.set(datetime(2026, 12, 7, 7, 1, tzinfo=UTC))  # 08:01 in Berlin
    assert send_reports(store.env) == 1
    again = storefront(database, clock, tmp_path, weekly="mon 08:00")  # another process
    assert send_reports(again.env) == 0
    [mail] = store.send()
    assert mail["subject"].startswith("Kettle & Co: the week 30 November 2026")
    assert "New sign-ups: 1 (the week before: 0)" in mail["text"]
    assert "Linen shirt (S): 1 person waits" in mail["text"]
    clock.advance(timedelta(days=7))
    assert send_reports(store.env) == 1


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-10-25T23:30:00+00:00", "2026-10-19T08:00:00+02:00"),  # still Monday, 00:30 there
        ("2026-10-26T06:59:00+00:00", "2026-10-19T08:00:00+02:00"),
        ("2026-10-26T07:00:00+00:00", "2026-10-26T08:00:00+01:00"),  # the clocks went back
        ("2026-10-28T12:00:00+00:00", "2026-10-26T08:00:00+01:00"),
    ],
)
def test_the_hour_is_that_of_the_shop_also_when_the_clocks_change(
    store: Storefront, now: str, due: str
) -> None:
    shop = store.shop
    object.__setattr__(shop.config.alerts, "weekly", "mon 08:00")
    assert last_due(shop, now=datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekly": "monday 8"},
        {"weekly": "mon 24:00"},
        {"low_stock": -1},
        {"mail_to": ["olga"]},
        {"apprise": ["no address"]},
        {"apprise": ["slack://a secret"]},
    ],
)
def test_a_wrong_setting_is_refused_and_no_secret_repeated(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        AlertRules.model_validate(wrong)
    assert "a secret" not in str(refused.value.errors(include_input=False, include_context=False))


# ---- by Apprise ----


class _Post(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = [200]
    got: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(json.loads(body))
        self.send_response(self.answers[0])
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def place() -> Iterator[str]:
    """A service that Apprise can post to; its address."""
    _Post.got, _Post.answers = [], [200]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Post)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def a_letter() -> Letter:
    return Letter(
        message_id=1,
        uid="m1",
        attempt_no=1,
        kind=MessageKind.LOW_STOCK.value,
        address="",
        shop="kettle",
        subject="Kettle & Co: 1 product is running low",
        text="- Linen shirt: 4 left\n\n--\nYou get this mail because …",
    )


def test_an_alert_reaches_the_service_with_subject_and_text(place: str) -> None:
    channel = Channel(Settings(url=place), allow_private=True)
    noted: list[int] = []
    [(_, result)] = channel.send([a_letter()], note=lambda id_, _phase: noted.append(id_))
    channel.close()
    assert result.outcome is Outcome.ACCEPTED
    assert noted == [1]
    [got] = _Post.got
    assert got["title"] == "Kettle & Co: 1 product is running low"
    assert got["message"] == "- Linen shirt: 4 left"


def test_a_service_that_fails_is_tried_later(place: str) -> None:
    _Post.answers = [500]
    channel = Channel(Settings(url=place), allow_private=True)
    [(_, result)] = channel.send([a_letter()], note=lambda *_: None)
    channel.close()
    assert (result.outcome, result.blame) == (Outcome.TRY_LATER, Blame.NOBODY)
    assert "127.0.0.1" not in result.detail


def test_a_service_that_fails_again_and_again_is_left_alone_for_a_while(
    place: str, clock: SettableClock
) -> None:
    _Post.answers = [500]
    channel = Channel(Settings(url=place), clock=clock, allow_private=True)
    results = [one for _, one in channel.send([a_letter()] * 5, note=lambda *_: None)]
    assert [one.blame for one in results] == [Blame.NOBODY] * 3 + [Blame.TRANSPORT] * 2
    assert results[-1].retry_after == channel.pause_left() == timedelta(seconds=30)
    assert len(_Post.got) == 3
    _Post.answers = [200]
    clock.advance(timedelta(seconds=30))
    [(_, result)] = channel.send([a_letter()], note=lambda *_: None)
    channel.close()
    assert (result.outcome, channel.pause_left()) == (Outcome.ACCEPTED, timedelta(0))


@pytest.mark.parametrize("url", ["syslog://", "windows://", "json://10.0.0.1/", "nothing://x"])
def test_an_address_that_reaches_no_service_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        Channel(Settings(url=url))


def test_an_alert_goes_through_the_outbox_to_both(
    database: Database, clock: SettableClock, tmp_path: Path, place: str
) -> None:
    store = storefront(database, clock, tmp_path, apprise=[place])
    _allow_private(store.env)
    sees(store, clock, 20)
    assert told(store) == []
    sees(store, clock, 4)
    assert len(told(store)) == 1
    [got] = _Post.got
    assert "Linen shirt (S): 4 left" in got["message"]


def _allow_private(env: Env) -> None:
    object.__setattr__(env.config.service, "allow_private_addresses", True)


def test_check_looks_at_where_alerts_go(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    store = storefront(database, clock, tmp_path, apprise=["json://10.0.0.1/", "ntfy://kettle"])
    found = {one.about: one.level for one in check_all(store.env)}
    assert found["alerts kettle/1"] == "bad"
    assert found["alerts kettle/2, ntfy://…"] == "ok"
