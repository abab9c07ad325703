"""Can a shop's server set dates, see demand, and steer what is told? (trust OD-5)"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from notifier.services.announce import announce
from tests.timing import SettableClock
from tests.web.storefront import SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def set_eta(client: FlaskClient, **body: Any) -> Any:
    return client.post("/api/v1/eta", json=body, headers=HEADERS)


def demand(client: FlaskClient, query: str = "") -> Any:
    return client.get(f"/api/v1/demand?{query}", headers=HEADERS).json


def steer(client: FlaskClient, release: int, what: str) -> Any:
    return client.post(f"/api/v1/releases/{release}/{what}", headers=HEADERS)


def test_a_date_set_by_hand_is_told_to_those_who_wait(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    store.wait("KETTLE")
    store.send()
    answer = set_eta(
        client,
        variant="KETTLE",
        eta="2027-02-14",
        source="supplier",
        evidence="PO 17",
        actor="Olga",
    )
    assert answer.json == {
        "variant": "KETTLE",
        "before": None,
        "eta": "2027-02-14",
        "changed": True,
        "told": True,
        "foreseen": None,
    }
    assert [letter["kind"] for letter in store.send()] == ["eta_revised"]
    promise = store.rows("SELECT * FROM etas")[0]
    assert (promise["source"], promise["evidence"]) == ("supplier", "PO 17")
    assert promise["actor"] == "api:kettle/server Olga"


def test_weeks_ahead_are_kept_as_the_range_they_mean_today(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    answer = set_eta(client, variant="KETTLE", eta="in 2–4 weeks", source="supplier")
    assert answer.json["eta"] == "2026-12-15/2026-12-29"
    kept = store.rows("SELECT precision, text FROM etas")
    assert [tuple(row.values()) for row in kept] == [("range", "in 2–4 weeks")]


def test_the_same_date_again_changes_and_tells_nothing(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    for _ in range(2):
        answer = set_eta(client, variant="KETTLE", eta="2027-02", source="")
    assert (answer.json["changed"], answer.json["told"]) == (False, False)
    assert len(store.rows("SELECT * FROM etas")) == 1


def test_a_date_can_be_taken_back_and_the_history_says_so(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    set_eta(client, variant="KETTLE", eta="2027-02")
    answer = set_eta(client, variant="KETTLE", eta=None)
    assert (answer.json["before"], answer.json["eta"]) == ("2027-02", None)
    assert [row["precision"] for row in store.rows("SELECT * FROM etas ORDER BY id")] == [
        "month",
        "unknown",
    ]


def test_a_look_without_a_date_leaves_the_one_set_by_hand(
    client: FlaskClient, store: Storefront
) -> None:
    store.stock("KETTLE", 0)
    set_eta(client, variant="KETTLE", eta="2027-02")
    store.stock("KETTLE", 0, price=None)
    assert store.one("SELECT eta_precision FROM stock") == "month"
    assert store.one("SELECT source FROM stock") == "push"


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"eta": "2026-11-30", "source": "supplier"}, "eta", "past"),
        ({"eta": "2026-11", "source": "supplier"}, "eta", "past"),
        ({"eta": "2027-02-14"}, "source", "missing"),
        ({"eta": "2027-02-01/2027-02-14"}, "source", "missing"),
        ({"eta": "in 2-4 weeks"}, "source", "missing"),
        ({"eta": "in 3 business days", "source": "s"}, "eta", "not_a_date"),
        ({"eta": "31/02/2027", "source": "s"}, "eta", "not_a_date"),
        ({"eta": "2027-13-01", "source": "s"}, "eta", "not_a_date"),
        ({"eta": "tomorrow", "source": "s"}, "eta", "not_a_date"),
        ({"eta": "9999-01-01", "source": "s"}, "eta", "not_a_date"),
        ({"eta": "", "source": "s"}, "eta", "not_a_date"),
        ({"eta": 20270214, "source": "s"}, "eta", "string_type"),
        ({"source": "s"}, "eta", "missing"),
    ],
)
def test_a_date_that_may_not_be_promised_is_refused(
    client: FlaskClient, store: Storefront, said: dict[str, Any], field: str, code: str
) -> None:
    store.stock("KETTLE", 0)
    answer = set_eta(client, variant="KETTLE", **said)
    assert answer.status_code == 422
    assert (answer.json["error"]["field"], answer.json["error"]["code"]) == (field, code)
    assert store.rows("SELECT * FROM etas") == []


def test_what_is_there_or_unknown_gets_no_date(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 5)
    there = set_eta(client, variant="KETTLE", eta="2027-02")
    assert (there.status_code, there.json["error"]["code"]) == (409, "available")
    assert set_eta(client, variant="NONE", eta="2027-02").status_code == 404
    assert set_eta(client, sku="NONE", eta="2027-02").status_code == 404


def test_demand_counts_people_units_and_growth(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    for key in ("KETTLE", "S", "M"):
        store.stock(key, 0)
    store.wait("KETTLE", quantity=3)
    clock.advance(timedelta(days=40))
    store.wait("KETTLE", "ben@example.com", quantity=2)
    store.ask("KETTLE", "carol@example.com")
    store.wait("S", "dan@example.com", any_variant=True)
    store.wait("S", "dan@example.com")
    first, second = demand(client)["wanted"][:2]
    assert (first["product"], first["variant"]) == ("KETTLE", "KETTLE")
    assert (first["people"], first["units"], first["unconfirmed"]) == (2, 5, 1)
    assert (first["new_7_days"], first["new_30_days"], first["new_90_days"]) == (1, 1, 2)
    assert first["waiting_since"].startswith("2026-12-01")
    assert (second["people"], second["product"]) == (1, "SHIRT")


def test_what_nobody_can_buy_is_listed_to_be_sorted_last(
    client: FlaskClient, store: Storefront
) -> None:
    for key, units in (("S", 0), ("M", 1), ("KETTLE", 0)):
        store.stock(key, units)
    answer = client.get("/api/v1/sold-out", headers=HEADERS)
    assert answer.json == {"products": ["KETTLE"]}  # of the shirt one size is left


def test_demand_is_read_page_by_page_and_most_wanted_first(
    client: FlaskClient, store: Storefront
) -> None:
    for number in range(5):
        store.stock(f"K{number}", 0)
        for person in range(1 + number // 2):
            store.wait(f"K{number}", f"p{person}@example.com")
    seen, after = [], ""
    while True:
        page = demand(client, f"limit=2&after={after}" if after else "limit=2")
        seen += [(row["people"], row["product"]) for row in page["wanted"]]
        after = page["next"]
        if after is None:
            break
    assert [people for people, _ in seen] == [3, 2, 2, 1, 1]
    assert len({product for _, product in seen}) == 5


def test_the_series_has_a_value_for_every_day(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("KETTLE", 0)
    store.wait("KETTLE")
    clock.advance(timedelta(days=2))
    store.wait("KETTLE", "ben@example.com")
    store.wait("KETTLE", "carol@example.com")
    series = demand(client, "series=4")["series"]
    assert [(one["day"], one["new"]) for one in series] == [
        ("2026-11-30", 0),
        ("2026-12-01", 1),
        ("2026-12-02", 0),
        ("2026-12-03", 2),
    ]
    assert demand(client, "series=2&product=OTHER")["series"][-1]["new"] == 0


def a_release(store: Storefront, people: int = 5) -> None:
    """One unit, three people told for each."""
    store.stock("KETTLE", 0)
    for number in range(people):
        store.wait("KETTLE", f"p{number}@example.com")
    store.send()
    store.stock("KETTLE", 1)


def test_a_release_shows_its_waves_with_their_reasons(
    client: FlaskClient, store: Storefront
) -> None:
    a_release(store)
    store.send()
    page = client.get("/api/v1/releases", headers=HEADERS).json
    assert page is not None
    one = page["releases"][0]
    assert (one["kind"], one["variant"], one["state"]) == ("back_in_stock", "KETTLE", "running")
    shown = client.get(f"/api/v1/releases/{one['id']}", headers=HEADERS).json
    assert shown is not None
    assert [wave["told"] for wave in shown["history"]] == [3]
    assert "1 there" in shown["history"][0]["reason"]


def test_a_paused_release_sends_nothing_and_goes_on_in_order(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    a_release(store)
    while announce(store.env):
        pass  # three messages are due, none is sent
    release = client.get("/api/v1/releases", headers=HEADERS).json["releases"][0]["id"]  # type: ignore[index]
    paused = steer(client, release, "pause")
    assert (paused.json["state"], paused.json["reason"]) == ("paused", "person")
    assert steer(client, release, "pause").status_code == 200
    clock.advance(timedelta(hours=2))
    assert store.send() == []
    assert steer(client, release, "resume").json["state"] == "running"
    told = [letter["address"] for letter in store.send()]
    assert told[:3] == [f"p{number}@example.com" for number in range(3)]


def test_a_stopped_release_tells_nobody_else(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    a_release(store)
    store.send()
    release = client.get("/api/v1/releases", headers=HEADERS).json["releases"][0]["id"]  # type: ignore[index]
    stopped = steer(client, release, "stop")
    assert (stopped.json["state"], stopped.json["reason"]) == ("stopped", "person")
    assert steer(client, release, "pause").json["error"]["code"] == "wrong_state"
    clock.advance(timedelta(hours=2))
    store.stock("KETTLE", 1)
    assert store.send() == []
    assert store.one("SELECT count(*) FROM subscriptions WHERE state = 'waiting'") == 2
    assert steer(client, release, "resume").status_code == 200
    assert [letter["address"] for letter in store.send()] == ["p3@example.com", "p4@example.com"]


def test_a_finished_release_cannot_be_paused(client: FlaskClient, store: Storefront) -> None:
    a_release(store, people=1)
    store.send()
    release = client.get("/api/v1/releases", headers=HEADERS).json["releases"][0]["id"]  # type: ignore[index]
    answer = steer(client, release, "pause")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "wrong_state")
