"""Does a shop's server see that alerts wait, and can it let them go on?"""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from notifier.store import switches
from tests.web.storefront import SECRET, Storefront

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def ask(client: FlaskClient, path: str) -> Any:
    return client.get(f"/api/v1{path}", headers=HEADERS)


def test_alerts_that_wait_are_seen_and_let_go_by_a_server(
    client: FlaskClient, store: Storefront
) -> None:
    env = store.env
    assert ask(client, "/brake").json == {"braked": False, "since": None, "why": ""}
    with env.db.write() as tx:
        name = switches.of_alerts("kettle")
        switches.turn(tx, name, off=True, why="60 came back.", by="the brake", at=env.now())
    seen = ask(client, "/brake").json
    assert (seen["braked"], seen["why"]) == (True, "60 came back.")
    assert client.post("/api/v1/brake/lift", headers=HEADERS).json["braked"] is False
    assert ask(client, "/brake").json["braked"] is False
    [entry] = store.rows("SELECT facts FROM ledger WHERE act = 'alerts.resumed'")
    assert "60 came back." in str(entry["facts"])
