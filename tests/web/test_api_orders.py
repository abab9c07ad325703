"""What does a shop's server hear when it hands over orders, asks for them, or gets it wrong?"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notifier.config import Config
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import SECRET, Storefront, config

HEADERS = {"Authorization": f"Bearer {SECRET}"}
BOUGHT = "2026-11-30T15:00:00Z"  # the same day all over the USA
AT = "2026-12-01T09:00:00Z"  # the clock stands at ten
CUPS = "sk_live_cups_0123456789"


@pytest.fixture
def engine_name() -> str:
    """What the database does is tested with the services."""
    return "sqlite"


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Any) -> Env:
    tree = config(tmp_path).model_dump()
    tree["shops"]["cups"]["keys"] = {"server": {"secret": CUPS, "scopes": ["*"]}}
    return open_env(Config.model_validate(tree), clock=clock, db=database)


def order(ref: str = "#1", *, line: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    sold = {"ref": "1", "title": "Copper kettle", "quantity": 1, **(line or {})}
    usual = {"email": "ann@example.com", "country": "US", "completed_at": BOUGHT}
    return {"ref": ref, **usual, "lines": [sold], **more}


def post(client: FlaskClient, path: str, secret: str = SECRET, **body: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post(f"/api/v1{path}", json=body, headers=headers)


def get(client: FlaskClient, path: str, secret: str = SECRET) -> TestResponse:
    return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"})


def take(client: FlaskClient, *orders: Any) -> dict[str, Any]:
    answer = post(client, "/orders", orders=list(orders))
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def trouble(answer: TestResponse) -> tuple[int, str, str]:
    error = (answer.json or {})["error"]
    return answer.status_code, error["code"], error["field"]


def test_an_order_is_taken_and_its_customer_told(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    line = {"variant": "KETTLE", "price": "49.90", "promise": "ships in 3-5 business days"}
    done = take(client, order(line=line))
    [taken] = done["accepted"]
    assert (taken["ref"], taken["outcome"], taken["zone"]) == ("#1", "created", "America/New_York")
    assert (taken["lines"][0]["state"], taken["lines"][0]["promised"]) == ("open", "2026-12-07")
    assert [letter["kind"] for letter in store.send()] == ["order_backordered"]
    assert take(client, order(line=line))["accepted"][0]["outcome"] == "unchanged"
    assert store.send() == []


def test_it_is_shown_with_all_that_happened(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    eta = {"date": "2027-01-20", "source": "supplier", "evidence": "PO 7"}
    take(client, order("2026/7 a", line={"variant": "KETTLE", "price": 49.9, "eta": eta}))
    store.send()
    answer = get(client, "/orders/2026/7%20a")
    assert answer.status_code == 200
    shown = dict(answer.json or {})
    assert shown["email"] == "ann@example.com"
    [line] = shown["lines"]
    assert (line["variant"], line["price"], line["currency"]) == ("KETTLE", "49.90", "")
    assert line["state"] == "option_short"
    assert (line["promised"], line["limit"]) == ("2026-12-30", "2027-01-20")
    assert line["expected"]["evidence"] == "PO 7"
    assert {one["kind"] for one in line["choices"]} == {"wait", "cancel"}
    assert {"why": "option_short_offered", "paragraph": "16 CFR 435.2(b)(1)(ii)"}.items() <= line[
        "reasons"
    ][-1].items()
    assert [one["kind"] for one in line["history"]] == ["estimate", "notice"]
    assert [(one["kind"], one["state"]) for one in line["messages"]] == [
        ("delay_notice", "accepted")
    ]


def test_lines_are_listed_by_their_next_deadline_page_by_page(client: FlaskClient) -> None:
    promises = {"#1": "2027-03-01", "#2": "2027-01-10", "#3": "2027-02-01", "#4": "2027-01-10"}
    take(client, *(order(ref, line={"promise": by}) for ref, by in promises.items()))
    take(client, order("#5", line={"excluded": "service"}))  # no deadline
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = dict(get(client, f"/orders?limit=2&after={after}").json or {})
        seen += [one["order"] for one in page["lines"]]
        after = page["next"] or ""
    assert seen == ["#2", "#4", "#3", "#1", "#5"]
    assert after == ""
    post(client, "/orders/%233/decline", line="1", decided_at=AT)
    page = dict(get(client, "/orders?state=refund_due&next_step=send_refund,ship").json or {})
    assert [one["order"] for one in page["lines"]] == ["#3"]


def test_wrong_orders_hold_up_no_others_and_each_is_said(client: FlaskClient) -> None:
    good, wrong = order("#1"), order("#2", email="ann@", line={"quantity": 0})
    del wrong["country"]
    done = take(client, good, wrong, 7, order("#3", line={"ref": ""}))
    assert [one["ref"] for one in done["accepted"]] == ["#1"]
    rejected = {(one["order"], one["field"]) for one in done["rejected"]}
    assert rejected == {(1, "lines.0.quantity"), (2, "body"), (3, "lines.0.ref")}


def test_a_fact_that_changed_is_refused_by_name(client: FlaskClient) -> None:
    take(client, order())
    answer = post(client, "/orders", orders=[order(country="DE")])
    assert trouble(answer) == (409, "changed", "orders.0.country")


def bad(field: str, **change: Any) -> Any:
    return pytest.param(field, change, id=f"{field} {next(iter(change.values()))!r:.40}")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        bad("ref", ref=""),
        bad("ref", ref="x" * 129),
        bad("ref", ref="a//b"),
        bad("ref", ref="../x"),
        bad("ref", ref="line\nbreak"),
        bad("email", email=None),
        bad("email", email=""),
        bad("email", email="ann@b..co"),
        bad("email", email="a@localhost"),
        bad("email", email="Bob <a@b.co>"),
        bad("email", email=["a@b.co"]),
        bad("country", country="Atlantis"),
        bad("country", country="XX"),
        bad("zone", zone="Mars/Phobos"),
        bad("completed_at", completed_at="31/02/2026"),
        bad("completed_at", completed_at="2026-13-01T10:00:00Z"),
        bad("completed_at", completed_at="tomorrow"),
        bad("completed_at", completed_at="0001-01-01T00:00:00Z"),
        bad("completed_at", completed_at="9999-12-31T00:00:00Z"),
        bad("completed_at", completed_at="2026-11-30T10:00:00"),
        bad("completed_at", completed_at="2026-11-30"),
        bad("completed_at", completed_at="2026-12-02T10:00:00Z"),
        bad("completed_at", completed_at=""),
        bad("billing_cycle_days", billing_cycle_days=0),
        bad("lines", lines=[]),
        bad("lines.1.ref", lines=[{"ref": "1", "title": "a", "quantity": 1}] * 2),
        bad("phone", phone="911", email=None),
        bad("unknown", unknown=1),
    ],
)
def test_what_is_wrong_with_an_order_is_named(
    client: FlaskClient, field: str, change: dict[str, Any]
) -> None:
    answer = post(client, "/orders", orders=[{**order(), **change}])
    status, _, place = trouble(answer)
    assert (status, place) == (422, f"orders.0.{field}")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        bad("ref", ref=""),
        bad("variant", title=""),
        bad("variant", variant="no such"),
        bad("sku", sku="no such"),
        bad("title", title="x" * 501),
        bad("quantity", quantity=0),
        bad("quantity", quantity=-1),
        bad("quantity", quantity=1.5),
        bad("quantity", quantity="two"),
        bad("quantity", quantity=10**9),
        bad("quantity", quantity=True),
        bad("price", price="NaN"),
        bad("price", price="-1"),
        bad("price", price="Infinity"),
        bad("currency", currency="XXX", price="1"),
        bad("sold_as", sold_as="dropship"),
        bad("promise", promise="soon"),
        bad("promise", promise={"days": 3, "by": "2027-01-01"}),
        bad("promise", promise={}),
        bad("promise", promise={"days": -1}),
        bad("promise", promise={"by": "31/02/2027"}),
        bad("transit_days", transit_days=366),
        bad("excluded", excluded="because"),
        bad("eta.date", eta={"date": "2026-11-01", "source": "supplier"}),
        bad("eta.date", eta={"date": "tomorrow", "source": "supplier"}),
        bad("eta.date", eta={"date": "", "source": "supplier"}),
        bad("eta.source", eta={"date": "2027-01-01"}),
        bad("eta.source", eta={"date": "2027-01-01/2027-02-03", "source": " "}),
    ],
)
def test_what_is_wrong_with_a_line_is_named(
    client: FlaskClient, field: str, change: dict[str, Any]
) -> None:
    answer = post(client, "/orders", orders=[order(line=change)])
    status, _, place = trouble(answer)
    assert status == 422
    assert place.startswith(f"orders.0.lines.0.{field.partition('.')[0]}")


def test_nothing_of_a_wrong_order_is_kept(client: FlaskClient, store: Storefront) -> None:
    lines = [
        {"ref": "1", "title": "Copper kettle", "quantity": 1},
        {"ref": "2", "variant": "no such", "quantity": 1},
    ]
    assert post(client, "/orders", orders=[order(lines=lines)]).status_code == 422
    assert store.rows("SELECT * FROM orders") == store.rows("SELECT * FROM order_lines") == []
    assert store.rows("SELECT * FROM contacts") == []


def test_names_are_kept_as_they_came_and_shown_inert(
    client: FlaskClient, store: Storefront
) -> None:
    title = '<script>alert(1)</script>{{7*7}}=HYPERLINK("x")'
    take(client, order(line={"title": title}))
    [letter] = store.send()
    assert "<script>alert" not in letter["html"]
    assert "{{7*7}}" in letter["text"]
    assert dict(get(client, "/orders/%231").json or {})["lines"][0]["title"] == title


def test_another_shops_orders_are_not_there(client: FlaskClient) -> None:
    take(client, order())
    assert get(client, "/orders/%231", CUPS).status_code == 404
    assert (get(client, "/orders", CUPS).json or {})["lines"] == []
    shipped = [{"ref": "1", "shipped_at": AT}]
    for path, body in (
        ("shipments", {"lines": shipped}),
        ("deliveries", {"lines": [{"ref": "1", "delivered_at": AT}]}),
        ("refunds", {"line": "1", "sent_at": AT, "reference": "r"}),
        ("refunds/blocked", {"line": "1", "found_at": AT}),
        ("decline", {"line": "1", "decided_at": AT}),
        ("review", {"line": "1", "shipped_first": True}),
        ("lines/1/eta", {"date": None}),
    ):
        assert post(client, f"/orders/%231/{path}", CUPS, **body).status_code == 404, path


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("shipments", {"lines": []}, (422, "too_short", "lines")),
        (
            "shipments",
            {"lines": [{"ref": "9", "shipped_at": AT}]},
            (404, "not_found", "lines.0.ref"),
        ),
        (
            "shipments",
            {"lines": [{"ref": "1", "shipped_at": "2026-12-03T09:00:00Z"}]},
            (422, "in_the_future", "lines.0.shipped_at"),
        ),
        (
            "shipments",
            {"lines": [{"ref": "1", "shipped_at": "2026-11-03T09:00:00Z"}]},
            (422, "too_early", "lines.0.shipped_at"),
        ),
        (
            "shipments",
            {"lines": [{"ref": "1", "shipped_at": "2026-12-01T09:00:00"}]},
            (422, "no_zone", "lines.0.shipped_at"),
        ),
        ("refunds", {"line": "1", "sent_at": AT, "reference": " "}, (422, "missing", "reference")),
        (
            "refunds",
            {"line": "1", "sent_at": AT, "reference": "r", "amount": "much"},
            (422, "not_an_amount", "amount"),
        ),
        ("refunds/blocked", {"line": "1", "found_at": AT}, (409, "nothing_owed", "line")),
        ("review", {"line": "1", "shipped_first": True}, (409, "no_review", "line")),
        ("decline", {"line": "1", "decided_at": "soon"}, (422, "not_a_date", "decided_at")),
        ("lines/1/eta", {"date": "2027-01-20"}, (422, "missing", "source")),
        ("lines/1/eta", {"date": "2026-11-20", "source": "s"}, (422, "past", "date")),
    ],
)
def test_reports_that_cannot_be_are_refused_by_name(
    client: FlaskClient, path: str, body: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    take(client, order())
    assert trouble(post(client, f"/orders/%231/{path}", **body)) == expected


def test_a_cancelled_line_cannot_ship_and_a_declined_one_says_when_to_refund(
    client: FlaskClient, clock: SettableClock
) -> None:
    take(client, order())
    done = dict(post(client, "/orders/%231/decline", line="1", decided_at=AT).json or {})
    assert (done["state"], done["refund_by"]) == ("refund_due", "2026-12-10")
    late = [{"ref": "1", "shipped_at": "2026-12-01T09:30:00Z"}]
    answer = post(client, "/orders/%231/shipments", lines=late)
    assert trouble(answer) == (409, "cancelled", "lines.0.ref")
    sent = {"line": "1", "sent_at": AT, "reference": "re_1", "amount": "49.90"}
    assert (post(client, "/orders/%231/refunds", **sent).json or {})["state"] == "refunded"
    assert (post(client, "/orders/%231/refunds", **sent).json or {})["changed"] is False
    other = post(client, "/orders/%231/refunds", **{**sent, "reference": "re_2"})
    assert trouble(other) == (409, "contradiction", "reference")


def test_filters_and_places_that_make_no_sense_are_refused(client: FlaskClient) -> None:
    for query in ("state=happy", "next_step=dance", "after=1", "after=9.9.9", "limit=-1", "page=2"):
        assert get(client, f"/orders?{query}").status_code == 422, query
    assert get(client, "/orders/nowhere").status_code == 404


# ---- dates with their consequences ----


def test_a_preview_says_who_would_be_told_what_and_saves_nothing(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    store.wait("KETTLE", "eve@example.com")
    take(client, order("#1", line={"variant": "KETTLE"}))
    take(client, order("#2", line={"variant": "KETTLE"}, country="DE"))
    store.send()
    before = store.everything()
    said = {"variant": "KETTLE", "eta": "2027-01-20", "source": "supplier", "preview": True}
    answer = post(client, "/eta", **said)
    assert answer.status_code == 200, answer.json
    found = dict(answer.json or {})
    assert (found["changed"], found["before"], found["eta"]) == (True, None, "2027-01-20")
    foreseen = found["foreseen"]
    assert foreseen["messages"] == {"delay_notice": 2}
    assert foreseen["subscribers"] == 1
    assert foreseen["first_notice_by"] == "2026-12-30T23:00:00Z"  # midnight in Berlin
    by_order = {line["order"]: line for line in foreseen["lines"]}
    first = by_order["#1"]
    assert (first["before"], first["message"], first["silence"]) == (
        "open",
        "delay_notice",
        "consents",
    )
    assert first["answer_by"] == "2027-01-20"
    assert by_order["#2"]["silence"] == "nothing"
    assert store.everything() == before
    assert store.send() == []
    saved = dict(post(client, "/eta", **{**said, "preview": False}).json or {})
    assert (saved["changed"], saved["foreseen"]) == (True, None)


def test_a_preview_refuses_what_saving_would_refuse(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    store.stock("S", 3)
    said = {"variant": "KETTLE", "preview": True}
    assert trouble(post(client, "/eta", **said, eta="2027-01-20")) == (422, "missing", "source")
    past = {"eta": "2026-01-20", "source": "x"}
    assert trouble(post(client, "/eta", **said, **past)) == (422, "past", "eta")
    there = {"variant": "S", "eta": "2027-01", "preview": True}
    assert trouble(post(client, "/eta", **there)) == (409, "available", "")
    assert post(client, "/eta", variant="no", eta=None, preview=True).status_code == 404
