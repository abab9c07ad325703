"""What does the link of a message with a reservation do, in time and too late?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from notifier.signing import Purpose
from tests.timing import SettableClock
from tests.web.storefront import SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def rules(store: Storefront, **values: object) -> None:
    ref = store.env.shops["kettle"]
    release = ref.config.release.model_copy(update=values)
    config = ref.config.model_copy(update={"release": release})
    store.env.shops["kettle"] = replace(ref, config=config)


@pytest.fixture
def token(store: Storefront) -> str:
    """Somebody was told of an S, which is kept for two hours."""
    rules(store, hold_for=timedelta(hours=2))
    store.stock("S", 0)
    store.wait("S")
    store.stock("S", 1)
    store.send()
    message = store.one("SELECT max(id) FROM messages WHERE kind = 'back_in_stock'")
    return store.env.signer.make(Purpose.PRODUCT, message)


def test_in_time_it_leads_to_the_product_with_the_proof_for_the_checkout(
    client: FlaskClient, token: str
) -> None:
    answer = client.get(f"/r/{token}")
    assert answer.status_code == 302
    assert answer.location.endswith(f"notifier_hold={token}")
    asked = client.get(f"/api/v1/reservations/{token}", headers=HEADERS)
    assert (asked.json["valid"], asked.json["variant"], asked.json["units"]) == (True, "S", 1)


def test_too_late_it_says_so_and_shows_the_way_all_the_same(
    client: FlaskClient, token: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(hours=3))
    answer = client.get(f"/r/{token}")
    assert answer.status_code == 200
    assert "The time is over" in answer.text
    assert "notifier_hold" not in answer.text
    assert client.get(f"/api/v1/reservations/{token}", headers=HEADERS).json["state"] == "passed"
    used = client.post(f"/api/v1/reservations/{token}/use", json={"order": "7"}, headers=HEADERS)
    assert (used.status_code, used.json["error"]["code"]) == (409, "passed")


@pytest.mark.parametrize(
    ("order", "said"),
    [("first_come", "You are among the first 10 in line."), ("lottery", "drawn by lot")],
)
def test_the_page_behind_the_link_says_about_where_one_stands(
    client: FlaskClient, store: Storefront, order: str, said: str
) -> None:
    rules(store, show_position=True, order=order)
    store.stock("S", 0)
    waits = store.wait("S")
    contact = store.one(f"SELECT contact_id FROM subscriptions WHERE id = {waits}")
    until = store.env.now() + timedelta(days=1)
    link = store.env.signer.make(Purpose.MANAGE, contact, expires_at=until)
    assert said in client.get(f"/m/{link}").text
