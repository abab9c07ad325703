"""Does a refused method say which ones there are, on pages as in the API (RFC 9110 15.5.6)?"""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.storefront import KETTLE

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


def paths(app: Flask) -> dict[str, set[str]]:
    """A path of every route, with the methods it takes. Several routes may know one path: an
    order's number may hold a slash."""
    with app.test_request_context():
        bound = app.url_map.bind("")
        built = [
            bound.build(
                rule.endpoint, {**dict.fromkeys(rule.arguments, 7), **(rule.defaults or {})}
            )
            for rule in app.url_map.iter_rules()
        ]
        return {path: set(bound.allowed_methods(path)) for path in built}


def test_every_route_names_its_methods_when_it_refuses_one(app: Flask, client: FlaskClient) -> None:
    silent = {}
    for path, methods in paths(app).items():
        answer = client.open(path, method="PATCH")
        said = {one.strip() for one in answer.headers.get("Allow", "").split(",")}
        if answer.status_code != 405 or said != methods:
            silent[path] = (answer.status_code, said)

    assert len(paths(app)) > 30
    assert silent == {}


def test_a_page_refuses_a_method_with_a_page(client: FlaskClient) -> None:
    answer = client.delete(f"/f/{KETTLE}")

    assert answer.status_code == 405
    assert answer.mimetype == "text/html"
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
