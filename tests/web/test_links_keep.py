"""Can somebody answer "are you still waiting?" by link?"""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from notifier.services.sweep import sweep
from tests.timing import SettableClock
from tests.web.storefront import Storefront
from tests.web.visits import heading, press


def asked(store: Storefront, clock: SettableClock) -> tuple[int, str]:
    """Ann has waited for a year and is asked; the subscription and the link in the mail."""
    store.stock("S", 0)
    ann = store.wait("S")
    store.send()
    clock.advance(timedelta(days=365, hours=1))
    store.stock("S", 0)
    sweep(store.env)
    (mail,) = store.send()
    assert mail["kind"] == "still_waiting"
    return ann, store.links(mail)["k"]


def test_yes_keeps_the_place_for_another_year(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    ann, path = asked(store, clock)
    assert heading(client.get(path)) == "Are you still waiting?"

    page = press(client, path, "keep")
    assert heading(page) == "You keep your place"

    clock.advance(timedelta(days=60))
    sweep(store.env)
    assert store.state(ann) == "waiting"
    assert store.send() == [], "else who has just answered is asked again"


def test_no_stops_it(client: FlaskClient, store: Storefront, clock: SettableClock) -> None:
    ann, path = asked(store, clock)

    page = press(client, path, "stop")

    assert heading(page) == "It is stopped"
    assert store.state(ann) == "ended"


def test_silence_ends_it_and_a_late_yes_says_so(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    ann, path = asked(store, clock)
    clock.advance(timedelta(days=15))
    sweep(store.env)
    assert store.state(ann) == "ended"

    assert client.get(path).status_code == 404


def test_a_yes_after_stopping_brings_nothing_back(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    ann, path = asked(store, clock)
    press(client, path, "stop")

    page = client.get(path)

    assert heading(page) == "This request has ended"
    assert store.state(ann) == "ended"


def test_without_the_pages_own_value_nothing_happens(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    ann, path = asked(store, clock)

    for body in ({}, {"act": "stop"}, {"act": "stop", "nonce": "x"}):
        assert client.post(path, data=body).status_code == 400
    assert store.state(ann) == "waiting"


def test_who_paused_keeps_the_place_too(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    ann, path = asked(store, clock)
    with store.env.db.write() as tx:
        tx.exec_driver_sql("UPDATE subscriptions SET state = 'paused'")

    assert heading(press(client, path, "keep")) == "You keep your place"

    clock.advance(timedelta(days=60))
    sweep(store.env)
    assert store.state(ann) == "paused"
