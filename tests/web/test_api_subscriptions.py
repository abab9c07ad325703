"""Can a shop's server put people on the list, see them, and take them off? (trust CP-13)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from notifier.config import Config
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import SECRET, Storefront, config

WRITER = "sk_writer_0123456789abcd"


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    tree = config(tmp_path).model_dump()
    scopes = ["subscriptions:write"]
    tree["shops"]["kettle"]["keys"]["writer"] = {"secret": WRITER, "scopes": scopes}
    return open_env(Config.model_validate(tree), clock=clock, db=database)


def post(client: FlaskClient, secret: str = SECRET, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}"}
    said = {"variant": "KETTLE", "email": "ann@example.com", **body}
    return client.post("/api/v1/subscriptions", json=said, headers=headers)


def get(client: FlaskClient, query: str = "") -> Any:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.get(f"/api/v1/subscriptions?{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_without_consent_of_its_own_a_sign_up_asks_for_confirmation(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    answer = post(client)
    assert (answer.status_code, answer.json["status"]) == (201, "created")
    assert store.state(answer.json["id"]) == "unconfirmed"
    assert [letter["kind"] for letter in store.send()] == ["confirm"]


def test_consent_that_the_shop_vouches_for_is_kept_as_proof(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    answer = post(client, confirmed=True, evidence="Form 17 of our shop, 2026-11-30")
    assert store.state(answer.json["id"]) == "waiting"
    facts = store.one("SELECT facts FROM ledger WHERE act = 'asked'")
    assert "Form 17 of our shop" in str(facts)


def test_consent_cannot_be_vouched_for_without_scope_or_evidence(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    lacking = post(client, WRITER, confirmed=True, evidence="Form 17")
    assert (lacking.status_code, lacking.json["error"]["code"]) == (403, "missing_scope")
    bare = post(client, confirmed=True, evidence="  ")
    assert (bare.status_code, bare.json["error"]["field"]) == (422, "evidence")
    assert store.one("SELECT count(*) FROM subscriptions") == 0


def test_who_waits_already_is_known(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    post(client)
    again = post(client, email=" ANN@example.com ")
    assert (again.status_code, again.json) == (200, {"status": "known", "id": None})


def test_who_is_vouched_for_later_waits_and_the_proof_is_kept(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    post(client)
    again = post(client, confirmed=True, evidence="Form 17")
    assert again.json == {"status": "known", "id": None}
    [row] = store.rows("SELECT state FROM subscriptions")
    assert row["state"] == "waiting"
    [entry] = store.rows("SELECT facts FROM ledger WHERE act = 'confirmed'")
    assert "Form 17" in str(entry["facts"])


def test_what_can_be_bought_is_not_waited_for(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 3)
    answer = post(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "available")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "a@"}, "email"),
        ({"email": ["a@b.co"]}, "email"),
        ({"email": None}, "email"),
        ({"phone": "+491711234567"}, "email"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "two"}, "quantity"),
        ({"state": "waiting"}, "state"),
        ({"confirmed": "yes"}, "confirmed"),
    ],
)
def test_a_sign_up_that_is_wrong_is_refused_and_stores_nothing(
    client: FlaskClient, store: Storefront, wrong: dict[str, Any], field: str
) -> None:
    store.stock("KETTLE", 0)
    answer = post(client, **wrong)
    assert (answer.status_code, answer.json["error"]["field"]) == (422, field)
    assert store.one("SELECT count(*) FROM subscriptions") == 0


def test_the_list_is_read_page_by_page(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    ids = [store.wait("KETTLE", f"p{number}@example.com") for number in range(5)]
    first = get(client, "limit=2")
    second = get(client, f"limit=2&after={first['next']}")
    third = get(client, f"limit=2&after={second['next']}")
    assert third["next"] is None
    seen = [row["id"] for page in (first, second, third) for row in page["subscriptions"]]
    assert seen == ids


def test_the_list_is_narrowed_by_what_was_asked(client: FlaskClient, store: Storefront) -> None:
    for key in ("KETTLE", "S", "M"):
        store.stock(key, 0)
    ann = store.wait("KETTLE")
    ben = store.wait("S", "ben@example.com")
    any_size = store.wait("S", "ann@example.com", any_variant=True)
    unconfirmed = store.ask("M", "carol@example.com")

    def ids(query: str) -> list[int]:
        return [row["id"] for row in get(client, query)["subscriptions"]]

    assert ids("product=SHIRT") == [ben, any_size, unconfirmed]
    assert ids("variant=S") == [ben]
    assert ids("state=unconfirmed") == [unconfirmed]
    assert ids("address=%20Ann@Example.com") == [ann, any_size]
    assert ids("channel=sms") == []
    one = get(client, "variant=KETTLE")["subscriptions"][0]
    assert (one["address"], one["channel"], one["state"]) == ("ann@example.com", "email", "waiting")
    assert one["created_at"].startswith("2026-12-01T10:00:00")


def test_who_is_taken_off_gets_nothing_more(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    ann = store.wait("KETTLE")
    store.send()
    headers = {"Authorization": f"Bearer {SECRET}"}
    first = client.delete(f"/api/v1/subscriptions/{ann}", headers=headers)
    again = client.delete(f"/api/v1/subscriptions/{ann}", headers=headers)
    assert (first.json, again.json) == ({"ended": 1}, {"ended": 0})
    store.stock("KETTLE", 5)
    assert store.send() == []
    assert get(client)["subscriptions"][0]["reason"] == "admin"


def test_an_address_is_taken_off_everything_of_the_shop(
    client: FlaskClient, store: Storefront
) -> None:
    for key in ("KETTLE", "S"):
        store.stock(key, 0)
        store.wait(key)
    ben = store.wait("KETTLE", "ben@example.com")
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.delete("/api/v1/subscriptions?address=ANN@example.com", headers=headers)
    assert answer.json == {"ended": 2}
    assert store.state(ben) == "waiting"
    stranger = client.delete("/api/v1/subscriptions?address=eve@example.com", headers=headers)
    assert stranger.json == {"ended": 0}
    missing = client.delete("/api/v1/subscriptions", headers=headers)
    assert (missing.status_code, missing.json["error"]["field"]) == (422, "address")  # type: ignore[index]
    for slip in ("ann", "ann@", "+49"):
        refused = client.get(f"/api/v1/subscriptions?address={slip}", headers=headers)
        assert (refused.status_code, refused.json["error"]["field"]) == (422, "address")  # type: ignore[index]
