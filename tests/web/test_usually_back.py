"""Is what past outages say told to who asks: a program of the shop, a shopper, a person at a
command line?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from notifier.cli import main
from notifier.services.env import Env
from tests.timing import SettableClock
from tests.web.storefront import KETTLE, SECRET, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

HEADERS = {"Authorization": f"Bearer {SECRET}"}
LASTED = (12, 4, 18, 8, 2, 20, 6, 14, 10, 16)  # days


def live_through(store: Storefront, clock: SettableClock, *, out_for: float = 5) -> None:
    """The kettle was out ten times, for 2 to 20 days, and is out now."""
    store.stock("KETTLE", 5)
    for days in LASTED:
        clock.advance(timedelta(days=20))
        store.stock("KETTLE", 0)
        clock.advance(timedelta(days=days))
        store.stock("KETTLE", 5)
    clock.advance(timedelta(days=20))
    store.stock("KETTLE", 0)
    clock.advance(timedelta(days=out_for))
    store.stock("KETTLE", 0)


def let_shoppers_know(env: Env) -> None:
    ref = env.shops["kettle"]
    config = ref.config.model_copy(update={"show_usual_restock": True})
    env.shops["kettle"] = replace(ref, config=config)


def test_a_program_of_the_shop_sees_the_marks_and_what_they_stand_on(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    live_through(store, clock)
    answer = client.get("/api/v1/eta/suggestion?variant=KETTLE", headers=HEADERS)
    # eight outages lasted longer than five days: 6 8 10 12 14 16 18 20
    assert answer.json == {
        "variant": "KETTLE",
        "out_since": answer.json["out_since"],
        "beginning_seen": True,
        "days_out": 5.0,
        "based_on": "variant",
        "outages": 8,
        "outages_open": 0,
        "enough": True,
        "half_within_days": 12 - 5,
        "most_within_days": 18 - 5,
        "text": "Usually back within 2 weeks",
        # of 20 6 14 10 16 days (the first five have too few before them), 8 8 8 8 10 were said of
        # half, 12 18 18 18 18 of most
        "half_held": {
            "said": 0.5,
            "within": 1,
            "outages": 5,
            "share": 0.2,
            "low": 0.036,
            "high": 0.624,
            "verdict": "holds",
        },
        "most_held": {
            "said": 0.8,
            "within": 4,
            "outages": 5,
            "share": 0.8,
            "low": 0.376,
            "high": 0.964,
            "verdict": "holds",
        },
    }
    began = datetime.fromisoformat(answer.json["out_since"].replace("Z", "+00:00"))
    assert clock() - began == timedelta(days=5)
    assert store.rows("SELECT * FROM etas") == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("variant=NOPE", 404, "variant"),
        ("", 422, "variant"),
        ("variant=", 422, "variant"),
        ("variant=KETTLE&sku=K", 422, "sku"),
    ],
)
def test_what_is_not_known_or_not_named_is_refused(
    client: FlaskClient, store: Storefront, query: str, status: int, field: str
) -> None:
    store.stock("KETTLE", 0)
    answer = client.get(f"/api/v1/eta/suggestion?{query}", headers=HEADERS)
    assert answer.status_code == status
    assert answer.json["error"]["field"] == field


def test_what_is_in_stock_has_no_suggestion(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 3)
    said = client.get("/api/v1/eta/suggestion?variant=KETTLE", headers=HEADERS).json
    nothing = ("out_since", "days_out", "based_on", "half_within_days", "most_within_days", "text")
    assert [said[name] for name in nothing] == [None] * len(nothing)
    assert (said["outages"], said["enough"], said["most_held"]["verdict"]) == (0, False, "too_few")


def availability(client: FlaskClient) -> Any:
    return client.get(
        f"/api/v1/availability?key={KETTLE}&variant=KETTLE&lang=de",
        headers={"Origin": "https://kettle.example"},
    ).json


def test_a_shopper_reads_it_in_the_widget_and_on_the_form_where_the_shop_wants_it(
    client: FlaskClient, env: Env, store: Storefront, clock: SettableClock
) -> None:
    live_through(store, clock)
    assert (availability(client)["usually_back"], availability(client)["eta"]) == (None, None)
    let_shoppers_know(env)
    words = "Meist innerhalb von 2 Wochen wieder da"
    assert availability(client)["usually_back"] == words
    assert availability(client)["eta"]["text"] == words
    form = client.get(f"/f/{KETTLE}?variant=KETTLE&lang=de").get_data(as_text=True)
    assert words in form


# ---- at the command line ----


@pytest.fixture
def clock() -> SettableClock:
    """Begins long enough ago that the past is past for a command, whose clock is the machine's."""
    return SettableClock(datetime.now(UTC) - timedelta(days=335))


@pytest.fixture
def config_file(database_url: str, tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
[service]
data_dir = "{tmp_path}"
secret_keys = ["a secret key for these tests only"]
[database]
url = "{database_url}"
[shops.kettle]
name = "Kettle & Co"
public_key = "pk_kettle"
""",
        encoding="utf-8",
    )
    return file


def run(config_file: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config_file), "eta", *words])


def test_a_person_reads_the_marks_and_what_they_stand_on(
    config_file: Path, store: Storefront, clock: SettableClock
) -> None:
    live_through(store, clock)
    clock_is_behind = datetime.now(UTC) - clock()
    assert timedelta(0) < clock_is_behind < timedelta(days=1)
    answer = run(config_file, "suggest", "kettle", "KETTLE")
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("KETTLE is out for 5")
    assert lines[1:2] == [
        "Going by 8 outages of this variant that lasted as long (0 of them without an end):"
    ]
    assert lines[2].startswith("Half of them: over within ")
    assert lines[3].startswith("80 % of them: over within ")
    assert lines[4:] == [
        "In words: Usually back within 2 weeks.",
        "How that held in this shop: 80 % mark: 4 of 5 outages ended by it, 80 % (38 % to 96 %); "
        "it holds.",
    ]


def test_a_program_reads_the_same_as_json(
    config_file: Path, store: Storefront, clock: SettableClock
) -> None:
    live_through(store, clock)
    said = json.loads(run(config_file, "suggest", "kettle", "KETTLE", "--json").stdout)
    assert (said["based_on"], said["outages"], said["enough"]) == ("variant", 8, True)
    assert said["text"] == "Usually back within 2 weeks"
    assert said["days_out"] + said["most_within_days"] == pytest.approx(18)
    assert said["calibration"] == json.loads(
        run(config_file, "calibration", "kettle", "--json").stdout
    )
    assert said["calibration"]["tried"] == 11  # with the one of today
    assert said["calibration"]["most"]["verdict"] == "holds"


def test_how_well_it_held_is_told_in_words(
    config_file: Path, store: Storefront, clock: SettableClock
) -> None:
    live_through(store, clock)
    lines = run(config_file, "calibration", "kettle").stdout.splitlines()
    assert (
        lines[0]
        == "11 outages were held out, each judged by those before it once its mark was over."
    )
    assert lines[1].startswith("50 % mark: 1 of 5 outages ended by it, 20 %")


def test_a_command_says_when_there_is_nothing_to_go_by_or_to_wait_for(
    config_file: Path, store: Storefront
) -> None:
    store.stock("KETTLE", 5)
    store.stock("S", 0)
    assert "KETTLE is not out" in run(config_file, "suggest", "kettle", "KETTLE").stdout
    assert "nothing can be said" in run(config_file, "suggest", "kettle", "S").stdout
    assert "nobody saw it begin" in run(config_file, "suggest", "kettle", "S").stdout
    unknown = run(config_file, "suggest", "kettle", "NOPE")
    assert unknown.exit_code == 1
    assert "no variant 'NOPE'" in unknown.stderr
    assert run(config_file, "suggest", "teapots", "S").exit_code == 1
