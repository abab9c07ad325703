"""Does stopping a notice take one click, for mail programs (RFC 8058) and for people?"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from notifier.services.announce import announce
from notifier.services.env import Env, open_env
from notifier.services.sweep import sweep
from notifier.signing import Purpose
from notifier.store.people import find_subscription
from notifier.store.session import Database
from notifier.web.public import create_public
from tests.timing import SettableClock
from tests.web.storefront import PUBLIC_URL, RENDERER, Storefront, config
from tests.web.visits import heading, nonce_of, press, ways, words

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_the_link_of_the_header_stops_it_with_the_one_click_post(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    mail = store.send()[-1]
    header = dict(mail["headers"])["List-Unsubscribe"]
    path = header.strip("<>").removeprefix(PUBLIC_URL)

    answer = client.post(path, data=ONE_CLICK)

    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert store.state(ann) == "ended"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_both_shapes_of_the_one_click_post_work(
    client: FlaskClient, store: Storefront, kind: str
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")

    answer = client.post(store.unsubscribe_path(ann), data=ONE_CLICK, content_type=kind)

    assert answer.status_code == 200
    assert store.state(ann) == "ended"


def test_fifty_clicks_at_once_are_one_entry_in_the_ledger(app: Flask, store: Storefront) -> None:
    store.stock("S", 0)
    path = store.unsubscribe_path(store.wait("S"))

    def click(_: int) -> int:
        with app.test_client() as client:
            return client.post(path, data=ONE_CLICK, base_url=PUBLIC_URL).status_code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(click, range(50)))

    assert set(answers) == {200}
    assert store.one("SELECT count(*) FROM ledger WHERE act = 'withdrawn'") == 1


def test_the_body_never_says_which_notice_stops(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann, ben = store.wait("S"), store.wait("S", "ben@example.com")
    token = store.unsubscribe_path(ben).removeprefix("/u/")

    client.post(
        store.unsubscribe_path(ann),
        data={**ONE_CLICK, "subscription": str(ben), "id": str(ben), "token": token},
    )

    assert (store.state(ann), store.state(ben)) == ("ended", "waiting")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", None, 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"List-Unsubscribe=Two-Clicks", "application/x-www-form-urlencoded", 400),
        (b"list-unsubscribe=one-click", "application/x-www-form-urlencoded", 400),
        (b"nonce=x&act=stop", "application/x-www-form-urlencoded", 400),
        (b"\xff\x00%%%", "application/x-www-form-urlencoded", 400),
        (b"--b\r\ngarbage", "multipart/form-data; boundary=b", 400),
        (json.dumps(ONE_CLICK).encode(), "application/json", 415),
        (b"List-Unsubscribe=One-Click", "text/plain", 415),
        (
            b"List-Unsubscribe=One-Click&x=" + b"a" * 20_000,
            "application/x-www-form-urlencoded",
            413,
        ),
    ],
)
def test_what_is_neither_one_click_nor_our_form_gets_a_page_and_changes_nothing(
    client: FlaskClient, store: Storefront, body: bytes, kind: str | None, status: int
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")

    answer = client.post(store.unsubscribe_path(ann), data=body, content_type=kind)

    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert heading(answer)
    assert store.state(ann) == "waiting"


def test_a_person_is_asked_once_and_the_button_stops_it(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    path = store.unsubscribe_path(ann)
    assert heading(client.get(path)) == "Stop this notice?"

    done = press(client, path, "stop")

    assert done.status_code == 200
    assert heading(done) == "It is stopped"
    assert set(ways(done)) == {"Sign up again", "Get a link to all my notices"}
    assert store.state(ann) == "ended"
    (entry,) = store.rows("SELECT * FROM ledger WHERE act = 'withdrawn'")
    assert entry["subscription_id"] == ann


def test_stopping_twice_is_harmless_and_says_so(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    path = store.unsubscribe_path(store.wait("S"))
    client.post(path, data=ONE_CLICK)

    page = client.get(path)

    assert heading(page) == "It is stopped already"
    assert "1 December 2026" in words(page)
    assert client.post(path, data=ONE_CLICK).status_code == 200


def test_the_link_works_for_ever_and_after_everything_is_deleted(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    path = store.unsubscribe_path(ann)
    clock.advance(timedelta(days=3000))
    assert client.post(path, data=ONE_CLICK).status_code == 200
    with store.env.db.write() as tx:
        tx.exec_driver_sql("DELETE FROM messages")
        tx.exec_driver_sql("DELETE FROM subscriptions")

    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert client.get(path).status_code == 404


def test_stopping_between_queueing_and_sending_wins(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann, ben = store.wait("S"), store.wait("S", "ben@example.com")
    store.send()
    store.stock("S", 9)
    while announce(store.env):
        pass
    client.post(store.unsubscribe_path(ann), data=ONE_CLICK)

    sent = store.send()

    assert [letter["address"] for letter in sent] == ["ben@example.com"]
    assert (store.state(ann), store.state(ben)) == ("ended", "told")


def test_who_was_told_and_stops_gets_no_reminder(
    database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    settings = config(tmp_path, kettle={"release": {"reminder_after": "1h"}})
    store = Storefront(env=open_env(settings, clock=clock, db=database), folder=tmp_path)
    client = create_public(store.env, RENDERER).test_client()
    store.stock("S", 0)
    ann, ben = store.wait("S"), store.wait("S", "ben@example.com")
    store.stock("S", 9)
    store.send()
    assert (store.state(ann), store.state(ben)) == ("told", "told")

    client.post(store.unsubscribe_path(ann), data=ONE_CLICK, base_url=PUBLIC_URL)
    clock.advance(timedelta(minutes=90))
    sweep(store.env)

    assert [letter["address"] for letter in store.send()] == ["ben@example.com"]
    assert (store.state(ann), store.state(ben)) == ("ended", "told")


def test_the_wrong_sort_of_link_stops_nothing(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    token = store.confirm_path(ann).removeprefix("/c/")

    answer = client.post(f"/u/{token}", data=ONE_CLICK)

    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert store.state(ann) == "waiting"


def test_a_form_left_open_too_long_is_shown_again(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    ann = store.wait("S")
    path = store.unsubscribe_path(ann)
    nonce = nonce_of(client.get(path))
    clock.advance(timedelta(hours=2))

    page = client.post(path, data={"nonce": nonce, "act": "stop"})

    assert page.status_code == 400
    assert store.state(ann) == "waiting"
    fresh = client.post(path, data={"nonce": nonce_of(page), "act": "stop"})
    assert heading(fresh) == "It is stopped"


def test_a_notice_of_a_shop_that_is_configured_no_more_is_stopped_all_the_same(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    store.stock("S", 0)
    waits = store.wait("S")
    link = f"/u/{env.signer.make(Purpose.UNSUBSCRIBE, waits)}"
    del env.shops["kettle"]
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with env.db.read() as tx:
        row = find_subscription(tx, waits)
    assert row is not None
    assert row.state == "ended"
