"""Who asks a web server of many by its own address: is it told how the server is?"""

from __future__ import annotations

from flask.testing import FlaskClient

from notifier.services.env import Env
from notifier.web.public import create_public
from tests.web.storefront import RENDERER

BY_ADDRESS = {"Host": "10.0.0.7:8025"}
TOKEN = "let me see"


def test_health_is_told_under_any_name_and_nothing_else_is(client: FlaskClient) -> None:
    assert client.get("/healthz", headers=BY_ADDRESS).status_code == 200
    assert "database" in client.get("/readyz", headers=BY_ADDRESS).get_json()
    for path in ("/", "/metrics", "/readyz/", "/api/v1/openapi.json"):
        assert client.get(path, headers=BY_ADDRESS).status_code == 400, path


def test_numbers_are_told_under_any_name_where_a_token_guards_them(env: Env) -> None:
    service = env.config.service.model_copy(update={"metrics_token": TOKEN})
    env.config = env.config.model_copy(update={"service": service})
    client = create_public(env, RENDERER).test_client()
    assert client.get("/metrics", headers=BY_ADDRESS).status_code == 401
    allowed = BY_ADDRESS | {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=allowed).status_code == 200
