"""Is the description of the API whole and true?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel

from notifier.domain.availability import Availability
from notifier.signing import Purpose
from notifier.web.api.operation import OPERATIONS, Operation
from notifier.web.api.shapes import ErrorAnswer
from notifier.web.guards import Guard
from tests.web.storefront import PUBLIC_URL, SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return dict(answer.json or {})


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, (dict, list)):
            yield from walk(one)


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): one
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    }


def test_it_says_what_it_is_and_where(described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": PUBLIC_URL}]
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_everything_that_asks_for_a_key_is_described_and_nothing_else(
    app: Flask, described: dict[str, Any]
) -> None:
    routed = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "guard", None) is Guard.API_KEY
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    routed.add(("POST", "/api/v1/subscriptions"))  # shared with the widget
    assert set(operations(described)) == routed


def test_every_reference_leads_somewhere_and_every_shape_is_used(
    described: dict[str, Any],
) -> None:
    used = {node["$ref"] for node in walk(described) if "$ref" in node}
    shapes = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert used == shapes


def test_names_are_unique_and_each_operation_says_what_it_needs(
    described: dict[str, Any],
) -> None:
    every = operations(described)
    names = [one["operationId"] for one in every.values()]
    assert len(set(names)) == len(names)
    for (method, path), one in every.items():
        assert one["summary"]
        assert "Scope: `" in one["description"]
        in_path = {p["name"] for p in one["parameters"] if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        has_key = any(p["name"] == "Idempotency-Key" for p in one["parameters"])
        assert has_key == (method == "POST")
        assert {"401", "403", "422"} <= set(one["responses"])


def test_rows_that_are_read_one_by_one_are_described_all_the_same(
    described: dict[str, Any],
) -> None:
    shapes = described["components"]["schemas"]
    rows = shapes["StockPush"]["properties"]["observations"]
    assert rows["items"] == {"$ref": "#/components/schemas/StockRow"}
    assert "on_hand" in shapes["StockRow"]["properties"]
    assert shapes["StockRow"]["additionalProperties"] is False
    variants = shapes["Product"]["properties"]["variants"]
    assert variants["items"] == {"$ref": "#/components/schemas/ProductVariant"}


def reserved(store: Storefront) -> str:
    """The proof of a reservation for an L."""
    ref = store.env.shops["kettle"]
    rules = ref.config.release.model_copy(update={"hold_for": timedelta(hours=1)})
    store.env.shops["kettle"] = replace(
        ref, config=ref.config.model_copy(update={"release": rules})
    )
    store.stock("M", 0)
    store.wait("M")
    store.stock("M", 1)
    store.send()
    store.env.shops["kettle"] = ref
    message = store.one("SELECT max(id) FROM messages WHERE kind = 'back_in_stock'")
    return store.env.signer.make(Purpose.PRODUCT, message)


def answers(client: FlaskClient, store: Storefront) -> dict[str, Any]:
    """A good answer of every operation, by its name."""
    store.stock("KETTLE", 0)
    store.stock("S", 0)
    store.stock("L", 0, availability=Availability.BACKORDER)
    for number in range(5):  # more than one wave tells
        store.wait("S", f"p{number}@example.com")
    store.stock("S", 1)
    store.send()

    def call(method: str, path: str, **more: Any) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, headers=HEADERS, **more)
        assert answer.status_code in (200, 201), (path, answer.json)
        return answer.json

    who = {"variant": "KETTLE", "email": "ben@example.com"}
    release = call("GET", "/releases")["releases"][0]["id"]
    held = reserved(store)
    row = {"variant": "k9", "quantity": -1}
    return {
        "put": call("PUT", "/products", json={"products": [{"key": "mug"}]}),
        "push": call("POST", "/stock", json={"observations": [row, {}]}),
        "give_eta": call("POST", "/eta", json={"variant": "KETTLE", "eta": "2027-02"}),
        "show_suggestion": call("GET", "/eta/suggestion?variant=KETTLE"),
        "show_history": call("GET", "/eta/history?variant=KETTLE"),
        "create_by_key": call("POST", "/subscriptions", json=who),
        "list_page": call("GET", "/subscriptions"),
        "end_one": call("DELETE", "/subscriptions/1"),
        "show_sold_out": call("GET", "/sold-out"),
        "end_address": call("DELETE", "/subscriptions?address=eve@example.com"),
        "show_demand": call("GET", "/demand?series=2"),
        "report": call(
            "POST",
            "/purchases",
            json={"purchases": [{"ref": 7, "variant": "KETTLE", "at": "2026-11-01T09:00:00Z"}]},
        ),
        "list_all": call("GET", "/releases"),
        "show_reservation": call("GET", f"/reservations/{held}"),
        "use": call("POST", f"/reservations/{held}/use", json={"order": "1001"}),
        "what_if": call("GET", "/releases/what-if?variant=S&units=4"),
        "show_one": call("GET", f"/releases/{release}"),
        "stop": call("POST", f"/releases/{release}/stop"),
        "resume": call("POST", f"/releases/{release}/resume"),
        "pause": call("POST", f"/releases/{release}/pause"),
        "see_brake": call("GET", "/brake"),
        "go_on": call("POST", "/brake/lift"),
        "plan_preorder": call("POST", "/preorders", json={"variant": "KETTLE"}),
        "list_preordered": call("GET", "/preorders"),
        "decide_backorder": call("POST", "/backorders", json={"variant": "L", "expected_units": 7}),
        "list_backordered": call("GET", "/backorders"),
        **order_answers(call),
    }


def order_answers(call: Callable[..., Any]) -> dict[str, Any]:
    """The same of everything about orders."""
    at = "2026-12-01T09:00:00Z"
    lines = [{"ref": str(number), "title": "Cosy", "quantity": 1} for number in range(1, 7)]
    order = {"ref": "#1", "email": "ann@example.com", "completed_at": "2026-11-30T09:00:00Z"}
    given = {"orders": [{**order, "country": "US", "lines": lines}, {}]}

    def post(path: str, **body: Any) -> Any:
        return call("POST", f"/orders/%231/{path}", json=body)

    return {
        "take": call("POST", "/orders", json=given),
        "line_eta": post("lines/1/eta", date="2027-01-10", source="supplier"),
        "shipments": post("shipments", lines=[{"ref": "2", "shipped_at": at}]),
        "deliveries": post("deliveries", lines=[{"ref": "2", "delivered_at": at}]),
        "decline": post("decline", line="3", decided_at=at),
        "refund_blocked": post("refunds/blocked", line="3", found_at=at),
        "refunds": post("refunds", line="3", sent_at=at, reference="re_1"),
        "list_waiting": call("GET", "/orders"),
        "show": call("GET", "/orders/%231"),
        "order_evidence": call("GET", "/orders/%231/evidence"),
        "review": call("POST", "/orders/%232/review", json=crossed(call)),
    }


def crossed(call: Callable[..., Any]) -> dict[str, Any]:
    """An order that is declined and shipped at the same instant; the word of a person about it."""
    at = "2026-12-01T09:00:00Z"
    order = {"ref": "#2", "email": "ann@example.com", "completed_at": at, "country": "US"}
    lines = [{"ref": "1", "title": "Cosy", "quantity": 1}]
    call("POST", "/orders", json={"orders": [{**order, "lines": lines}]})
    call("POST", "/orders/%232/decline", json={"line": "1", "decided_at": at})
    call("POST", "/orders/%232/shipments", json={"lines": [{"ref": "1", "shipped_at": at}]})
    return {"line": "1", "shipped_first": True}


def test_every_answer_is_what_its_description_says(client: FlaskClient, store: Storefront) -> None:
    given = answers(client, store)
    assert set(given) == {one.name for one in OPERATIONS}
    for one in OPERATIONS:
        shown = one.answer.model_validate(given[one.name])
        assert set(given[one.name]) == set(type(shown).model_fields)


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/stock", {"json": {"observations": [{}, {"variant": "a"}]}}),
        ("POST", "/stock", {"json": {}}),
        ("POST", "/stock", {"data": "x"}),
        ("PUT", "/products", {"json": {"products": [{"key": 1, "x": 2, "y": 3}]}}),
        ("GET", "/releases/1", {}),
        ("GET", "/subscriptions?limit=0&state=x", {}),
        ("POST", "/releases", {}),
    ],
)
def test_every_refusal_is_what_its_description_says(
    client: FlaskClient, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.open(f"/api/v1{path}", method=method, headers=HEADERS, **more)
    assert answer.status_code >= 400
    ErrorAnswer.model_validate(answer.json)


def test_people_read_the_same_on_a_page_without_scripts(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    answer = client.get("/api/v1/docs")
    html = answer.get_data(as_text=True)
    assert "default-src 'none'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in html
    assert " style=" not in html
    for (method, path), one in operations(described).items():
        assert f'id="{one["operationId"]}"' in html
        assert method in html
        assert f"<code>{path}</code>" in html
    anchors = set(re.findall(r' id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors
    for url in re.findall(r'(?:href|src)="([^"#][^"]*)"', html):
        assert url.startswith("/api/v1/"), url
        assert client.get(url).status_code == 200


def test_every_shape_refuses_what_it_does_not_know_and_says_what_it_is() -> None:
    def models(one: Operation) -> list[type[BaseModel]]:
        return [one.given, one.answer, *([one.row] if one.row else [])]

    for one in OPERATIONS:
        for model in models(one):
            assert model.model_config.get("extra") == "forbid", model
            assert model.__doc__, model
