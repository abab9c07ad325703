"""Does stock that a shop pushes count like stock that was looked at? (acceptance B11, RL-20)"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notifier.domain.stock import Level
from notifier.services.env import Env
from notifier.store import catalogue, events
from notifier.store import stock as stock_store
from tests.web.storefront import SECRET, Storefront

OUT = {"variant": "k1", "availability": "out_of_stock"}
IN = {"variant": "k1", "availability": "in_stock", "quantity": 5}


def push(client: FlaskClient, *rows: Any, **headers: str) -> TestResponse:
    return client.post(
        "/api/v1/stock",
        json={"observations": list(rows)},
        headers={"Authorization": f"Bearer {SECRET}", **headers},
    )


def belief(env: Env, key: str) -> Any:
    with env.db.read() as tx:
        found = catalogue.find_variant(tx, env.shop("kettle").id, key)
        assert found is not None
        return stock_store.load_stock(tx, [found.id])[found.id]


def open_events(env: Env) -> list[str]:
    with env.db.read() as tx:
        return [event.kind for event in events.open_events(tx, limit=100)]


def test_a_pushed_restock_is_announced_once(client: FlaskClient, env: Env) -> None:
    push(client, OUT)
    first = push(client, IN)
    again = push(client, IN)
    assert first.json is not None
    assert (first.json["announced"], first.json["changed"]) == (1, 1)
    assert again.json is not None
    assert (again.json["accepted"], again.json["changed"]) == (1, 0)
    assert open_events(env) == ["back_in_stock"]


def test_what_changed_means_is_said_where_the_answer_is_described(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").json
    assert described is not None
    changed = described["components"]["schemas"]["StockReport"]["properties"]["changed"]
    assert "other than the last look did" in changed["description"]


def test_the_first_sight_of_a_variant_announces_nothing_and_is_listed(
    client: FlaskClient, env: Env
) -> None:
    answer = push(client, IN)
    assert answer.json is not None
    assert answer.json["unmatched"] == [{"row": 0, "variant": "k1"}]
    assert answer.json["announced"] == 0
    assert belief(env, "k1").level is Level.THERE


def test_a_bad_row_holds_up_no_other(client: FlaskClient, env: Env) -> None:
    answer = push(client, {"variant": "k2", "quantity": "NaN"}, 7, {"variant": 12, "quantity": 3})
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["accepted"] == 1
    assert [(r["row"], r["field"]) for r in answer.json["rejected"]] == [
        (0, "quantity"),
        (1, "body"),
    ]
    assert belief(env, "12").quantity == 3


def test_when_no_row_can_be_read_the_answer_says_so(client: FlaskClient) -> None:
    answer = push(client, {"variant": "k1", "availability": "perhaps"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["field"] == "observations.0.availability"


@pytest.mark.parametrize(
    ("said", "availability", "quantity", "level"),
    [
        ({"quantity": -5}, "out_of_stock", 0, Level.NONE),
        ({"quantity": 2.9}, "in_stock", 2, Level.THERE),
        ({"quantity": 0}, "out_of_stock", 0, Level.NONE),
        ({"quantity": "yes"}, "in_stock", None, Level.THERE),
        ({"quantity": True}, "in_stock", None, Level.THERE),
        ({"quantity": 1e308}, "in_stock", 10**9, Level.THERE),
        ({"on_hand": 9, "reserved": 9}, "out_of_stock", 0, Level.NONE),
        ({"on_hand": 9, "reserved": 12}, "out_of_stock", 0, Level.NONE),
        ({"on_hand": 9}, "in_stock", 9, Level.THERE),
        ({"availability": "https://schema.org/InStock"}, "in_stock", None, Level.THERE),
        ({"availability": True, "quantity": 1}, "in_stock", 1, Level.THERE),
        ({"availability": "in_stock", "quantity": 0}, "in_stock", 0, Level.NONE),
        ({"availability": "backorder", "quantity": 3}, "backorder", 3, Level.NONE),
    ],
)
def test_a_quantity_means_what_it_means_everywhere(
    client: FlaskClient,
    env: Env,
    said: dict[str, Any],
    availability: str,
    quantity: Any,
    level: Any,
) -> None:
    push(client, {"variant": "k1", **said})
    seen = belief(env, "k1")
    assert (seen.availability, seen.quantity, seen.level) == (availability, quantity, level)


@pytest.mark.parametrize("said", [{"quantity": None}, {"availability": "unknown"}])
def test_not_known_keeps_what_was_believed(
    client: FlaskClient, env: Env, said: dict[str, Any]
) -> None:
    push(client, IN)
    assert push(client, {"variant": "k1", **said}).status_code == 200
    assert belief(env, "k1").quantity == 5


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({}, "availability", "missing"),
        ({"quantity": "Infinity"}, "quantity", "not_finite"),
        ({"quantity": "many"}, "quantity", "not_a_quantity"),
        ({"quantity": 1, "on_hand": 2}, "quantity", "twice"),
        ({"reserved": 2}, "on_hand", "missing"),
        ({"on_hand": "n/a"}, "on_hand", "not_a_quantity"),
        ({"on_hand": 5, "reserved": ""}, "reserved", "not_a_quantity"),
        ({"quantity": 1, "observed_at": "tomorrow"}, "observed_at", "not_a_date"),
        ({"quantity": 1, "observed_at": "2031-01-01T00:00:00Z"}, "observed_at", "in_the_future"),
        ({"quantity": 1, "colour": "red"}, "colour", "extra_forbidden"),
        ({"quantity": [1]}, "quantity", "string_type"),
    ],
)
def test_what_cannot_be_read_is_named(
    client: FlaskClient, said: dict[str, Any], field: str, code: str
) -> None:
    answer = push(client, {"variant": "good", "quantity": 1}, {"variant": "k1", **said})
    assert answer.json is not None
    first = answer.json["rejected"][0]
    assert (first["row"], first["field"], first["code"]) == (1, field, code)


@pytest.mark.parametrize(
    "eta", ["31/02/2026", "2026-13-01", "tomorrow", "0001-01-01", "9999-12-31", "03/04/2027"]
)
def test_a_date_that_is_none_is_left_out_and_reported(
    client: FlaskClient, env: Env, eta: str
) -> None:
    answer = push(client, {**OUT, "eta": eta})
    assert answer.json is not None
    assert answer.json["warnings"][0]["field"] == "eta"
    assert belief(env, "k1").eta is None


@pytest.mark.parametrize(
    ("at", "fields"),
    [
        ("2026-11-01T09:00:00", ["observed_at"]),
        ("2026-11-01", ["observed_at"]),
        ("2026-11-01T09:00:00Z", []),
        ("2026-11-01T09:00:00+01:00", []),
        ("1793523600", []),
    ],
)
def test_a_time_without_a_zone_is_taken_for_utc_and_that_is_said(
    client: FlaskClient, at: str, fields: list[str]
) -> None:
    answer = push(client, {"variant": "k1", "quantity": 1, "observed_at": at})
    assert answer.json is not None
    assert [(note["field"], note["code"]) for note in answer.json["warnings"]] == [
        (field, "no_zone") for field in fields
    ]


def test_an_expected_month_stays_a_month(client: FlaskClient, env: Env) -> None:
    push(client, {**OUT, "eta": "2027-02"})
    assert belief(env, "k1").eta.iso() == "2027-02"


def test_a_late_row_counts_for_nothing_and_the_same_row_in_time_counts(
    client: FlaskClient, env: Env
) -> None:
    push(client, {**OUT, "observed_at": "2026-12-01T09:00:00Z"})
    late = {**IN, "observed_at": "2026-12-01T08:00:00Z"}
    push(client, late)
    assert belief(env, "k1").level is Level.NONE
    answer = push(client, IN)
    assert answer.json is not None
    assert answer.json["announced"] == 1
    assert belief(env, "k1").level is Level.THERE


def test_a_sku_means_the_one_variant_that_has_it(client: FlaskClient, env: Env) -> None:
    push(client, {"variant": "k1", "sku": "KET-1", "availability": "out_of_stock"})
    push(client, {"sku": "KET-1", "quantity": 4})
    assert belief(env, "k1").quantity == 4


def test_a_sku_of_two_variants_is_refused(client: FlaskClient) -> None:
    push(client, *({"variant": key, "sku": "SAME", "quantity": 0} for key in ("k1", "k2")))
    answer = push(client, {"sku": "SAME", "quantity": 4}, {"variant": "k1", "quantity": 1})
    assert answer.json is not None
    assert [r["code"] for r in answer.json["rejected"]] == ["ambiguous"]


def test_a_sku_pushed_before_its_product_means_the_product_afterwards(
    client: FlaskClient, env: Env
) -> None:
    push(client, {"sku": "KET-9", "quantity": 0})
    push(client, {"variant": "9", "sku": "KET-9", "quantity": 0})
    push(client, {"sku": "KET-9", "quantity": 4})
    assert belief(env, "9").quantity == 4


def test_thirty_restocks_of_a_large_shop_are_announced_and_of_a_small_one_held(
    client: FlaskClient, store: Storefront
) -> None:
    def rows(count: int, *, of: str, quantity: int) -> list[dict[str, Any]]:
        return [{"variant": f"{of}{number}", "quantity": quantity} for number in range(count)]

    push(client, *rows(30, of="few", quantity=0))
    assert push(client, *rows(30, of="few", quantity=1)).json["held"] is True  # type: ignore[index]
    push(client, *rows(400, of="many", quantity=0))
    answer = push(client, *rows(30, of="many", quantity=1))
    assert answer.json is not None
    assert (answer.json["held"], answer.json["announced"]) == (False, 30)


def test_the_bodys_limits_are_told(client: FlaskClient) -> None:
    assert push(client).status_code == 422
    headers = {"Authorization": f"Bearer {SECRET}"}
    plain = client.post("/api/v1/stock", data="{}", content_type="text/plain", headers=headers)
    assert plain.status_code == 415
    deep = client.post(
        "/api/v1/stock", data="[" * 200_000, content_type="application/json", headers=headers
    )
    assert deep.status_code == 400
