"""Can the operator decide with one click what a look that went over the limit means?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.observe import observe
from notifier.signing import Purpose
from tests.web.storefront import PUBLIC_URL, Storefront
from tests.web.visits import heading, nonce_of, press, words

COUNT = 30


def look(store: Storefront, availability: Availability, quantity: int) -> int | None:
    cups = [
        Observation(key=f"CUP{n}", availability=availability, quantity=quantity, title=f"Cup {n}")
        for n in range(COUNT)
    ]
    return observe(store.env, store.shop, cups).hold_id


def held(store: Storefront) -> str:
    """The source shows all cups as back at once, while Ann and Ben wait; the operator's link."""
    look(store, Availability.OUT_OF_STOCK, 0)
    store.wait("CUP7")
    store.wait("CUP7", "ben@example.com")
    store.send()
    hold = look(store, Availability.IN_STOCK, 5)
    assert hold is not None
    assert store.send() == []
    until = store.env.now() + timedelta(days=7)
    return f"/h/{store.env.signer.make(Purpose.HOLD, hold, expires_at=until)}"


def test_it_shows_what_is_held_and_who_waits(client: FlaskClient, store: Storefront) -> None:
    text = words(client.get(held(store)))

    assert "“push” showed 30 products as back at once" in text
    assert "products held back 30" in text
    assert "people who wait for them 2" in text
    assert "Cup 7 2 waiting" in text
    assert store.send() == []


def test_release_tells_everybody(client: FlaskClient, store: Storefront) -> None:
    page = press(client, held(store), "release")

    assert heading(page) == "Released"
    assert {one["address"] for one in store.send()} == {"ann@example.com", "ben@example.com"}
    (entry,) = store.rows("SELECT * FROM ledger WHERE book = 'audit'")
    assert entry["act"] == "hold_released"
    assert store.one("SELECT count(*) FROM alarms WHERE cleared_at IS NULL") == 0


def test_drop_tells_nobody_and_everybody_keeps_waiting(
    client: FlaskClient, store: Storefront
) -> None:
    page = press(client, held(store), "drop")

    assert heading(page) == "Dropped"
    assert store.send() == []
    assert {row["state"] for row in store.rows("SELECT state FROM subscriptions")} == {"waiting"}


def test_the_first_word_counts_and_a_later_click_shows_it(
    client: FlaskClient, store: Storefront
) -> None:
    path = held(store)
    nonce = nonce_of(client.get(path))
    client.post(path, data={"nonce": nonce, "act": "drop"})

    page = client.post(path, data={"nonce": nonce, "act": "release"})

    assert heading(page) == heading(client.get(path)) == "This was decided already"
    assert "tell nobody about these 30" in words(page)
    assert store.send() == []


def test_of_many_clicks_at_once_one_decides(app: Flask, store: Storefront) -> None:
    path = held(store)
    nonce = nonce_of(app.test_client().get(path, base_url=PUBLIC_URL))

    def click(number: int) -> int:
        act = "release" if number % 2 else "drop"
        with app.test_client() as client:
            body = {"nonce": nonce, "act": act}
            return client.post(path, data=body, base_url=PUBLIC_URL).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(click, range(16))) == {200}

    assert store.one("SELECT count(*) FROM ledger WHERE book = 'audit'") == 1


def test_without_the_pages_own_value_nothing_is_decided(
    client: FlaskClient, store: Storefront
) -> None:
    path = held(store)

    for body in ({}, {"act": "release"}, {"act": "release", "nonce": "x"}):
        assert client.post(path, data=body).status_code == 400
    assert store.one("SELECT decision FROM holds") is None
