"""Can a shop decide on backorders, plan pre-orders and foresee restocks, and do shoppers see it?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from notifier.cli import main
from notifier.domain.availability import Availability
from notifier.services.backorder import redecide_all
from tests.timing import SettableClock
from tests.web.storefront import KETTLE, SECRET, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def ahead(store: Storefront, *keys: str, word: Availability = Availability.BACKORDER) -> None:
    for key in keys:
        store.stock(key, 0, availability=word)
    redecide_all(store.env)


def post(client: FlaskClient, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1/{path}", json=body, headers=HEADERS)


def get(client: FlaskClient, path: str) -> Any:
    return client.get(f"/api/v1/{path}", headers=HEADERS)


def availability(client: FlaskClient, variant: str) -> Any:
    origin = {"Origin": "https://kettle.example"}
    return client.get(f"/api/v1/availability?key={KETTLE}&variant={variant}", headers=origin).json


def test_a_word_given_by_api_is_what_shoppers_are_told(
    client: FlaskClient, store: Storefront
) -> None:
    ahead(store, "S")
    answer = post(client, "backorders", variant="S", decision="stop", why="recalled", actor="Olga")
    assert answer.status_code == 200
    told = answer.json
    assert (told["decision"], told["reason"], told["by_rules"]) == ("stop", "override", "accept")
    assert (told["override_by"], told["override_why"]) == ("api:kettle/server Olga", "recalled")
    said = availability(client, "S")
    assert (said["backorder"], said["backorder_reason"]) == ("stop", "override")
    assert said["can_subscribe"] is True
    assert said["texts"]["headline"] == "Sold out for now"
    back = post(client, "backorders", variant="S", decision="automatic", why="it was not")
    assert (back.json["decision"], back.json["override"]) == ("accept", "")


def test_what_is_expected_is_the_limit_of_what_is_taken(
    client: FlaskClient, store: Storefront
) -> None:
    ahead(store, "S")
    answer = post(client, "backorders", variant="S", expected_units=0).json
    assert (answer["decision"], answer["reason"]) == ("stop", "too_many_open")
    assert answer["sentence"] == "0 units are ordered already; the limit is 0."
    answer = post(client, "backorders", variant="S", expected_units=None).json
    assert (answer["decision"], answer["expected_units"]) == ("accept", None)


def test_the_list_has_pages(client: FlaskClient, store: Storefront) -> None:
    ahead(store, "S", "M", "L")
    store.stock("KETTLE", 4)
    first = get(client, "backorders?limit=2").json
    rest = get(client, f"backorders?limit=2&after={first['next']}").json
    assert [one["variant"] for one in first["backorders"]] == ["S", "M"]
    assert [one["variant"] for one in rest["backorders"]] == ["L"]
    assert rest["next"] is None


BAD = [
    ({"variant": "S"}, 422, "missing"),
    ({"variant": "S", "decision": "maybe", "why": "x"}, 422, "literal_error"),
    ({"variant": "S", "decision": "stop"}, 422, "missing"),
    ({"variant": "S", "expected_units": -1}, 422, "greater_than_equal"),
    ({"variant": "HAT", "decision": "stop", "why": "x"}, 404, "not_found"),
    ({"variant": "KETTLE", "decision": "stop", "why": "x"}, 409, "not_ordered_ahead"),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD)
def test_a_word_that_cannot_be_taken_is_refused(
    client: FlaskClient, store: Storefront, body: dict[str, Any], status: int, code: str
) -> None:
    ahead(store, "S")
    store.stock("KETTLE", 4)
    answer = post(client, "backorders", **body)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"release_on": "2020-01-01", "source": "publisher"}, "release_on", "past"),
        ({"release_on": "2027-03-01"}, "source", "missing"),
        ({"opens_at": "2027-01-15"}, "opens_at", "timezone_aware"),
    ],
)
def test_a_plan_that_cannot_be_names_its_field(
    client: FlaskClient, store: Storefront, said: dict[str, Any], field: str, code: str
) -> None:
    store.stock("S", 0)
    answer = post(client, "preorders", variant="S", **said)
    assert answer.status_code == 422
    assert (answer.json["error"]["field"], answer.json["error"]["code"]) == (field, code)


def test_a_pre_order_is_planned_opened_and_told_with_its_incentive(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    store.wait("S")
    store.send()
    opens = (clock.now - timedelta(minutes=1)).isoformat()
    answer = post(
        client,
        "preorders",
        variant="S",
        opens_at=opens,
        release_on="2027-03-01",
        incentive={"code": "EARLY10", "text": "10 % off"},
        source="publisher",
        actor="Olga",
    )
    assert answer.status_code == 200, answer.json
    assert answer.json["opened_at"] is not None
    assert answer.json["incentive"] == {"code": "EARLY10", "text": "10 % off"}
    [letter] = store.send()
    assert letter["kind"] == "preorder_open"
    assert "10 % off: EARLY10" in letter["text"]
    [listed] = get(client, "preorders?variant=S").json["preorders"]
    assert (listed["release_on"], listed["actor"]) == ("2027-03-01", "api:kettle/server Olga")
    assert get(client, "preorders?variant=M").json == {"preorders": [], "next": None}


def test_a_time_without_a_zone_is_no_opening_time(client: FlaskClient, store: Storefront) -> None:
    store.stock("S", 0)
    answer = post(client, "preorders", variant="S", opens_at="2027-01-01T09:00:00")
    assert (answer.status_code, answer.json["error"]["field"]) == (422, "opens_at")


def test_a_new_opening_time_of_what_is_open_is_refused(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    store.stock("S", 0)
    post(client, "preorders", variant="S", opens_at=clock.now.isoformat())
    later = (clock.now + timedelta(days=1)).isoformat()
    answer = post(client, "preorders", variant="S", opens_at=later)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "opened")


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Callable[..., Result]:
    """Runs a command of the shop."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
[service]
secret_keys = ["a secret key for these tests only"]
[database]
url = "{database_url}"
[shops.kettle]
name = "Kettle & Co"
public_key = "{KETTLE}"
sender = "Kettle & Co <hello@kettle.example>"
postal_address = "1 Harbour Road, Bristol"
[shops.kettle.release]
strategy = "per_unit"
""",
        encoding="utf-8",
    )

    def run(name: str, *words: str) -> Result:
        group = [name, words[0]] if name == "releases" else [name]
        rest = words[len(group) - 1 :]
        return CliRunner().invoke(main, ["--config", str(file), *group, "kettle", *rest])

    return run


def test_a_restock_is_foreseen_by_command_as_by_api(
    client: FlaskClient, store: Storefront, command: Callable[..., Result]
) -> None:
    store.stock("S", 0)
    for number in range(3):
        store.wait("S", f"p{number}@example.com")
    said = json.loads(command("what-if", "S", "40", "--json").stdout)
    by_api = get(client, "releases/what-if?variant=S&units=40").json
    same = by_api.keys() - {"rest_by"}  # by each one's clock
    assert {name: said[name] for name in same} == {name: by_api[name] for name in same}
    assert command("what-if", "S", "40").stdout == by_api["sentence"] + "\n"
    assert command("what-if", "S", "40", "--locale", "xx").stdout == by_api["sentence"] + "\n"
    assert command("what-if", "HAT", "40").exit_code == 1


def test_a_release_is_shown_by_command_as_by_api(
    client: FlaskClient, store: Storefront, command: Callable[..., Result]
) -> None:
    store.stock("S", 0)
    for number in range(3):
        store.wait("S", f"p{number}@example.com")
    store.stock("S", 40)
    store.send()
    [listed] = get(client, "releases").json["releases"]
    by_api = get(client, f"releases/{listed['id']}?locale=de").json
    run = partial(command, "releases")
    assert as_api(run("list", "--json").stdout).items() <= by_api.items()
    assert as_api(run("show", str(listed["id"]), "--locale", "de", "--json").stdout) == by_api
    shown = run("show", str(listed["id"])).stdout
    assert "told 3, waves 1" in shown
    assert "not known yet. 40 there, " in shown
    assert run("show", "77").exit_code == 1


def as_api(text: str) -> dict[str, Any]:
    """The same with moments as the API writes them."""
    return {
        name: json.loads(json.dumps(value).replace("+00:00", "Z"))
        for name, value in json.loads(text).items()
    }


def test_a_person_decides_by_command_and_must_say_why(
    store: Storefront, command: Callable[..., Result]
) -> None:
    ahead(store, "S")
    run = partial(command, "backorder")
    assert run("S", "--stop").exit_code == 1
    assert run("S").stdout.splitlines()[0] == "S (backorder): accept"
    assert run("S", "--stop", "--why", "recalled").stdout.splitlines() == [
        "S (backorder): stop",
        "  command line: recalled",
        "  by the rules: accept. Orders are taken.",
    ]
    assert run("S", "--automatic", "--why", "it was not").stdout.startswith("S (backorder): accept")
    assert run("KETTLE", "--stop", "--why", "x").exit_code == 1
