"""Can a shop's server, and a person at the command line, read how promises turned out?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from notifier.cli import main
from tests.timing import SettableClock
from tests.web.storefront import SECRET, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def live_through(client: FlaskClient, store: Storefront, clock: SettableClock) -> None:
    """On 2026-12-01 the 5th is promised; it comes on the 8th; then a month is promised."""
    store.stock("KETTLE", 0)
    first = {"variant": "KETTLE", "eta": "2026-12-05", "source": "supplier", "evidence": "PO 17"}
    assert client.post("/api/v1/eta", json=first, headers=HEADERS).status_code == 200
    clock.advance(timedelta(days=7))
    store.stock("KETTLE", 3)
    clock.advance(timedelta(days=1))
    store.stock("KETTLE", 0)
    month = {"variant": "KETTLE", "eta": "2027-02"}
    assert client.post("/api/v1/eta", json=month, headers=HEADERS).status_code == 200


def history(client: FlaskClient, query: str) -> Any:
    return client.get(f"/api/v1/eta/history?{query}", headers=HEADERS)


def test_a_server_reads_each_promise_and_the_sum(
    client: FlaskClient, store: Storefront, clock: SettableClock
) -> None:
    live_through(client, store, clock)
    said = history(client, "variant=KETTLE").json
    newest, oldest = said["promises"]
    assert (newest["eta"], newest["outcome"], newest["days"]) == ("2027-02", "open", None)
    assert (oldest["eta"], oldest["outcome"], oldest["days"]) == ("2026-12-05", "late", 3)
    assert (oldest["came_on"], oldest["evidence"]) == ("2026-12-08", "PO 17")
    assert oldest["source"] == "supplier"
    assert (said["totals"]["promises"], said["totals"]["share_kept"]) == (2, 0.0)
    assert said["totals"]["median_days_late"] == 3.0
    page = history(client, "variant=KETTLE&limit=1").json
    assert page["promises"] == [newest]
    rest = history(client, f"variant=KETTLE&limit=1&after={page['next']}").json
    assert (rest["promises"], rest["next"]) == ([oldest], None)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("variant=nobody", 404, "variant"),
        ("", 422, "variant"),
        ("variant=KETTLE&limit=101", 422, "limit"),
    ],
)
def test_what_is_not_known_or_not_named_is_refused(
    client: FlaskClient, store: Storefront, query: str, status: int, field: str
) -> None:
    store.stock("KETTLE", 0)
    answer = history(client, query)
    assert answer.status_code == status
    assert answer.json["error"]["field"] == field


def test_a_person_reads_it_in_words(
    client: FlaskClient, store: Storefront, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import notifier.cli.expecting_history

    monkeypatch.setattr(notifier.cli.expecting_history, "open_env_only", lambda _: store.env)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["eta", "history", "kettle", *words])

    store.stock("S", 0)
    assert run("S").output == "Nothing was ever promised for S.\n"
    live_through(client, store, clock)
    first, newest, oldest = run("KETTLE").output.splitlines()
    assert first == (
        "KETTLE: 2 promises; of 1 that came due 0 were kept (0%), the late ones by 3 days "
        "(median); 0 revised before their day, 0 taken back, 1 open."
    )
    assert "2027-02: open (by hand, api:kettle/server)" in newest
    assert "2026-12-05: late by 3 days, there on 2026-12-08 (supplier" in oldest
    plain = json.loads(run("KETTLE", "--json").output)
    assert [one["outcome"] for one in plain["promises"]] == ["open", "late"]
    assert plain["totals"]["late"] == 1
    assert run("nobody").exit_code == 1
