"""The bare address leads to the shop, where there is only one."""

from __future__ import annotations

from flask.testing import FlaskClient

from notifier.services.env import Env


def test_with_several_shops_there_is_nothing_to_see(client: FlaskClient) -> None:
    assert client.get("/").status_code == 404


def test_with_one_shop_it_leads_there(client: FlaskClient, env: Env) -> None:
    del env.shops["cups"]
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://kettle.example")
