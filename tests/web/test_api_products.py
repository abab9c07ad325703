"""Does a shop's catalogue arrive as it was put?"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notifier.domain.stock import Level
from notifier.services.env import Env
from notifier.services.subscribe import subscribe
from notifier.services.wanted import SignUp
from notifier.store import catalogue, people
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from tests.web.storefront import SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}
KETTLE: dict[str, Any] = {
    "key": "kettle",
    "title": "Kettle",
    "titles": {"de": "Kessel"},
    "url": "https://kettle.example/kettle",
    "strategy": {"name": "fixed", "size": 10, "interval": "45m"},
    "variants": [
        {"key": "k1", "sku": "K-1", "title": "Red", "price": "12.50", "currency": "EUR"},
        {"key": 2, "title": "Blue", "price": 13, "alternatives": ["k1"], "min_quantity": 2},
    ],
}


def put(client: FlaskClient, *products: Any) -> TestResponse:
    return client.put("/api/v1/products", json={"products": list(products)}, headers=HEADERS)


def push(client: FlaskClient, **row: Any) -> None:
    done = client.post("/api/v1/stock", json={"observations": [row]}, headers=HEADERS)
    assert done.status_code == 200


def variant(env: Env, key: str) -> VariantRow:
    with env.db.read() as tx:
        found = catalogue.find_variant(tx, env.shop("kettle").id, key)
    assert found is not None
    return found


def test_products_and_variants_are_stored_as_they_were_put(client: FlaskClient, env: Env) -> None:
    answer = put(client, KETTLE)
    assert answer.json == {
        "accepted": 1,
        "products": {"created": 1, "updated": 0, "unchanged": 0},
        "variants": {"created": 2, "updated": 0, "unchanged": 0},
        "rejected": [],
    }
    red, blue = variant(env, "k1"), variant(env, "2")
    assert (red.product_title, red.price, red.currency) == ("Kettle", Decimal("12.5"), "EUR")
    assert red.product_titles == {"de": "Kessel"}
    assert red.strategy == {"name": "fixed", "size": 10, "interval": 2700.0}
    assert (blue.alternatives, blue.min_quantity) == (("k1",), 2)


def test_names_are_one_line_without_signs_that_turn_the_text_around_them(
    client: FlaskClient, store: Storefront, env: Env
) -> None:
    turned = "Ket\u202etle\r\nX"
    put(client, {"key": "k", "title": turned, "variants": [{"key": "k9", "title": turned}]})
    store.stock("fed", 0, title=turned, variant_title=turned)
    for key in ("k9", "fed"):
        seen = variant(env, key)
        assert (seen.product_title, seen.title) == ("Ket tle X", "Ket tle X")


def test_the_same_again_changes_nothing(client: FlaskClient) -> None:
    put(client, KETTLE)
    again = put(client, KETTLE)
    assert again.json is not None
    assert again.json["products"] == {"created": 0, "updated": 0, "unchanged": 1}
    assert again.json["variants"] == {"created": 0, "updated": 0, "unchanged": 2}


def test_what_is_not_said_stays_and_null_takes_back(client: FlaskClient, env: Env) -> None:
    put(client, KETTLE)
    put(client, {"key": "kettle", "variants": [{"key": "k1", "price": None}]})
    red = variant(env, "k1")
    assert (red.price, red.title, red.product_title) == (None, "Red", "Kettle")
    put(client, {"key": "kettle", "strategy": None, "published": False})
    assert (variant(env, "k1").strategy, variant(env, "k1").published) == (None, False)


def test_a_product_without_variants_is_its_own_and_only_if_it_has_none(
    client: FlaskClient, env: Env
) -> None:
    put(client, {"key": "mug", "title": "Mug"}, KETTLE)
    put(client, {"key": "kettle", "title": "Kettle 2"})
    assert variant(env, "mug").product_title == "Mug"
    with env.db.read() as tx:
        assert catalogue.find_variant(tx, env.shop("kettle").id, "kettle") is None


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"title": "x" * 501}, "title", "string_too_long"),
        ({"colour": "red"}, "colour", "extra_forbidden"),
        ({"url": "javascript:alert(1)"}, "url", "value_error"),
        ({"url": "https://user@evil.example"}, "url", "value_error"),
        ({"image_url": "ftp://x.example/a"}, "image_url", "value_error"),
        ({"titles": {"not a locale": "x"}}, "titles", "value_error"),
        ({"published": "yes"}, "published", "bool_type"),
        ({"strategy": {"name": "lottery"}}, "strategy.name", "literal_error"),
        ({"strategy": {"name": "adaptive", "cautious": 3}}, "strategy.cautious", "less_than_equal"),
        ({"strategy": {"name": "all", "interval": "soon"}}, "strategy.interval", "not_a_length"),
        ({"variants": [{"key": ""}]}, "variants.0.key", "string_too_short"),
        ({"variants": [{"key": " \t"}]}, "variants.0.key", "string_too_short"),
        ({"variants": [{"key": "a", "price": -1}]}, "variants.0.price", "not_an_amount"),
        ({"variants": [{"key": "a", "price": "1e99"}]}, "variants.0.price", "not_an_amount"),
        (
            {"variants": [{"key": "a", "currency": "XXX"}]},
            "variants.0.currency",
            "unknown_currency",
        ),
        (
            {"variants": [{"key": "a", "threshold": -1}]},
            "variants.0.threshold",
            "greater_than_equal",
        ),
        ({"variants": [{"key": "a"}, {"key": "a"}]}, "variants.1.key", "twice"),
    ],
)
def test_a_product_that_is_wrong_is_named_and_holds_up_no_other(
    client: FlaskClient, wrong: dict[str, Any], field: str, code: str
) -> None:
    answer = put(client, {"key": "bad", **wrong}, {"key": "good"})
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["accepted"] == 1
    first = answer.json["rejected"][0]
    assert (first["item"], first["key"], first["field"], first["code"]) == (0, "bad", field, code)
    alone = put(client, {"key": "bad", **wrong})
    assert (alone.status_code, alone.json["error"]["code"]) == (422, code)  # type: ignore[index]


def test_blanks_around_an_id_are_no_part_of_it(client: FlaskClient, env: Env) -> None:
    put(client, {"key": " kettle ", "variants": [{"key": " k1\t", "sku": " K-1 "}]})
    assert variant(env, "k1").sku == "K-1"
    push(client, variant=" k1 ", quantity=3)
    assert put(client, {"key": "kettle", "variants": [{"key": "k1"}]}).json["products"] == {  # type: ignore[index]
        "created": 0,
        "updated": 0,
        "unchanged": 1,
    }


def test_who_waits_moves_along_when_a_variant_finds_its_product(
    client: FlaskClient, env: Env
) -> None:
    push(client, variant="k1", quantity=0)
    shop = env.shop("kettle")
    ann = subscribe(env, shop, SignUp(variant="k1", email="ann@post.example.com"))
    assert ann is not None
    put(client, KETTLE)
    with env.db.read() as tx:
        row = people.find_subscription(tx, ann)
        assert row is not None
        assert row.product_id == variant(env, "k1").product_id


def test_a_new_threshold_counts_from_the_next_look_on(client: FlaskClient, env: Env) -> None:
    put(client, {"key": "mug", "variants": [{"key": "mug", "threshold": 5}]})
    push(client, variant="mug", quantity=3)

    def level() -> Level:
        with env.db.read() as tx:
            id_ = variant(env, "mug").id
            return stock_store.load_stock(tx, [id_])[id_].level

    assert level() is Level.NONE
    put(client, {"key": "mug", "variants": [{"key": "mug", "threshold": 0}]})
    push(client, variant="mug", quantity=3)
    assert level() is Level.THERE


def test_another_shops_products_are_out_of_reach(client: FlaskClient, env: Env) -> None:
    put(client, KETTLE)
    with env.db.read() as tx:
        assert catalogue.find_variant(tx, env.shop("cups").id, "k1") is None
