"""Who may use the API, and does a repeated request have one effect? (trust WS-35, RL-23, CP-13)"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from notifier.config import Config
from notifier.services.answer_once import LEFT_BEHIND, begin
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from notifier.web.api.access import Scope
from notifier.web.api.operation import OPERATIONS
from tests.timing import SettableClock
from tests.web.storefront import PUBLIC_URL, SECRET, Storefront, config

READER = "sk_reader_0123456789abcd"
CUPS = "sk_cups_0123456789abcdef"
ROW = {"observations": [{"variant": "k1", "quantity": 3}]}


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    """The kettle shop has a key for everything and one to read with; the cup shop one of its
    own."""
    tree = config(tmp_path).model_dump()
    tree["shops"]["kettle"]["keys"]["reader"] = {"secret": READER, "scopes": ["demand:read"]}
    tree["shops"]["cups"]["keys"] = {"server": {"secret": CUPS, "scopes": ["*"]}}
    return open_env(Config.model_validate(tree), clock=clock, db=database)


def bearer(secret: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", **more}


def call(client: FlaskClient, method: str, path: str, **more: Any) -> Any:
    url = "/api/v1" + path.replace("<int:subscription_id>", "1").replace("<int:release_id>", "1")
    if method in ("POST", "PUT"):
        more.setdefault("json", {})
    return client.open(url, method=method, **more)


EVERY = [(one.method, one.path, one.scope) for one in OPERATIONS]


def test_there_is_an_operation_for_every_scope_but_the_one_that_adds_to_another() -> None:
    assert {scope for _, _, scope in EVERY} == set(Scope) - {Scope.CONSENT_ASSERT}


@pytest.mark.parametrize(("method", "path", "scope"), EVERY)
def test_without_a_key_nothing_is_told(
    client: FlaskClient, method: str, path: str, scope: Scope
) -> None:
    for headers in (
        {},
        bearer("wrong"),
        bearer(SECRET + "x"),
        bearer(SECRET.upper()),
        bearer(f"{SECRET[:5]} {SECRET[5:]}"),
        bearer("schlüssel"),
        {"Authorization": SECRET},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": ""},
    ):
        answer = call(client, method, path, headers=headers)
        if (method, path) == ("POST", "/subscriptions") and not headers:
            continue  # a browser's sign-up with a public key
        assert answer.status_code == 401, headers
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(("method", "path", "scope"), EVERY)
def test_a_key_without_the_scope_is_told_which_one_it_lacks(
    client: FlaskClient, method: str, path: str, scope: Scope
) -> None:
    answer = call(client, method, path, headers=bearer(READER))
    if scope is Scope.DEMAND_READ:
        assert answer.status_code == 200
        return
    assert answer.status_code == 403
    assert answer.json["error"]["code"] == "missing_scope"
    assert scope.value in answer.json["error"]["message"]
    assert scope.value in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "scope"), EVERY)
def test_no_page_of_a_browser_may_read_an_answer(
    client: FlaskClient, method: str, path: str, scope: Scope
) -> None:
    headers = bearer(SECRET, Origin="https://kettle.example")
    answer = call(client, method, path, headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_key_is_good_for_its_own_shop_only(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    ann = store.wait("KETTLE")
    theirs = client.get("/api/v1/subscriptions", headers=bearer(CUPS))
    assert theirs.json == {"subscriptions": [], "next": None}
    assert client.delete(f"/api/v1/subscriptions/{ann}", headers=bearer(CUPS)).status_code == 404
    assert store.state(ann) == "waiting"
    store.stock("KETTLE", 5)
    store.send()
    release = store.one("SELECT id FROM releases")
    assert client.get(f"/api/v1/releases/{release}", headers=bearer(CUPS)).status_code == 404
    stop = client.post(f"/api/v1/releases/{release}/stop", headers=bearer(CUPS))
    assert stop.status_code == 404


@pytest.mark.parametrize(
    "path", ["/releases/99999999999999999999999", "/releases/9223372036854775807", "/releases/0"]
)
def test_an_id_that_cannot_be_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/api/v1{path}", headers=bearer(SECRET)).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=1000000000",
        "limit=all",
        "after=abc",
        "after=99999999999999999999",
        "after=-1",
        "sort=(select 1)",
        "state=sleeping",
        "channel=fax",
        "address=nobody",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/subscriptions?{query}", headers=bearer(SECRET))
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["field"] == query.partition("=")[0]


def test_an_argument_given_twice_is_refused(client: FlaskClient) -> None:
    answer = client.get("/api/v1/subscriptions?limit=1&limit=2", headers=bearer(SECRET))
    assert answer.status_code == 400


def test_the_same_key_has_one_effect_and_one_answer(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    body = {"variant": "KETTLE", "email": "ann@example.com"}
    headers = bearer(SECRET, **{"Idempotency-Key": "one"})
    first = client.post("/api/v1/subscriptions", json=body, headers=headers)
    again = client.post("/api/v1/subscriptions", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.json is not None
    assert first.json["status"] == "created"
    assert again.headers["Idempotency-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(client: FlaskClient) -> None:
    headers = bearer(SECRET, **{"Idempotency-Key": "one"})
    assert client.post("/api/v1/stock", json=ROW, headers=headers).status_code == 200
    other = client.post("/api/v1/stock", json={"observations": []}, headers=headers)
    assert other.status_code == 422
    assert other.json is not None
    assert other.json["error"]["code"] == "idempotency_mismatch"


def test_keys_of_two_shops_and_of_two_paths_are_not_mixed_up(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "one"}
    client.post("/api/v1/stock", json=ROW, headers=bearer(SECRET, **key))
    theirs = client.post("/api/v1/stock", json=ROW, headers=bearer(CUPS, **key))
    assert "Idempotency-Replayed" not in theirs.headers
    eta = client.post(
        "/api/v1/eta", json={"variant": "nothing", "eta": None}, headers=bearer(SECRET, **key)
    )
    assert eta.status_code == 404


def test_a_request_that_failed_may_be_sent_again_with_its_key(
    client: FlaskClient, store: Storefront
) -> None:
    body = {"variant": "KETTLE", "email": "ann@example.com"}
    headers = bearer(SECRET, **{"Idempotency-Key": "one"})
    assert client.post("/api/v1/subscriptions", json=body, headers=headers).status_code == 404
    store.stock("KETTLE", 0)
    assert client.post("/api/v1/subscriptions", json=body, headers=headers).status_code == 201


def test_a_request_under_way_is_told_to_those_who_send_it_again(
    app: Flask, env: Env, store: Storefront, clock: SettableClock
) -> None:
    headers = bearer(SECRET, **{"Idempotency-Key": "one"})

    def send() -> Any:
        return app.test_client().post(
            "/api/v1/stock", json=ROW, headers=headers, base_url=PUBLIC_URL
        )

    send()
    known = store.rows("SELECT scope, body_hash FROM answers")[0]
    begin(env, known["scope"], "two", body_hash=known["body_hash"])
    headers["Idempotency-Key"] = "two"
    waiting = send()
    assert waiting.status_code == 409
    assert waiting.json["error"]["code"] == "in_progress"
    assert int(waiting.headers["Retry-After"]) >= 1
    clock.advance(LEFT_BEHIND * 2)  # the process that worked on it has died
    assert send().status_code == 200


def test_many_at_once_with_the_same_key_have_one_effect(
    app: Flask, env: Env, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    body = {"variant": "KETTLE", "email": "ann@example.com"}
    headers = bearer(SECRET, **{"Idempotency-Key": "one"})
    answers: list[int] = []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait()
        answer = app.test_client().post(
            "/api/v1/subscriptions", json=body, headers=headers, base_url=PUBLIC_URL
        )
        answers.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert store.one("SELECT count(*) FROM subscriptions") == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_an_idempotency_key_that_is_none_is_refused(client: FlaskClient, key: str) -> None:
    headers = bearer(SECRET, **{"Idempotency-Key": key})
    assert client.post("/api/v1/stock", json=ROW, headers=headers).status_code == 400


def test_a_nul_in_a_text_is_refused_before_a_database_meets_it(client: FlaskClient) -> None:
    body = {"observations": [{"variant": "k\x001", "quantity": 3}]}
    assert client.post("/api/v1/stock", json=body, headers=bearer(SECRET)).status_code == 422
    query = client.get("/api/v1/subscriptions?product=%00", headers=bearer(SECRET))
    assert query.status_code == 400
    literal = {"observations": [{"variant": "k\\u0000", "quantity": 3}]}
    assert client.post("/api/v1/stock", json=literal, headers=bearer(SECRET)).status_code == 200
