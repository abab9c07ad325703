"""Is an answer that was kept the one the app would give, and is it given only to the right ones?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from notifier.services.env import Env
from tests.timing import SettableClock
from tests.web.storefront import CUPS, KETTLE, PUBLIC_URL, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

HOME = "https://kettle.example"
AVAILABILITY = "/api/v1/availability"
ORIGINS = ("", HOME, "https://cups.example", "https://eve.example", PUBLIC_URL, "null")
QUERIES = (
    f"key={KETTLE}&variant=KETTLE",
    f"key={KETTLE}&variant=KETTLE&lang=de",
    f"key={KETTLE}&product=KETTLE&utm_source=mail",
    f"key={KETTLE}&variant=KETTLE&variant=KETTLE",
    f"key={KETTLE}&variant=KETTLE&key={CUPS}",
    f"key={CUPS}&variant=KETTLE",
    f"key={KETTLE}&variant=nothing",
    f"key={KETTLE}&variant=KETTLE%00",
    "key=wrong&variant=KETTLE",
    "",
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": "Bearer sk_wrong"},
    {"Host": "eve.example"},
    {"Host": "localhost:8025"},
    {"X-Forwarded-Proto": "http"},
    {"Accept-Encoding": "gzip, br"},
    {"If-None-Match": '"*"'},
    {"If-None-Match": "*"},
)
Answer = tuple[str, list[tuple[str, str]], bytes]


def ask(app: Any, method: str, path: str, query: str, headers: dict[str, str]) -> Answer:
    """What a WSGI server would send."""
    builder = EnvironBuilder(
        method=method, path=path, query_string=query, base_url=PUBLIC_URL, headers=headers
    )
    body, status, sent = run_wsgi_app(app, builder.get_environ(), buffered=True)
    return status, sorted(sent.items()), b"".join(body)


def without_challenge(answer: Answer) -> tuple[str, list[tuple[str, str]], Any]:
    """A challenge is new each time; all else must be equal."""
    status, headers, body = answer
    if not body.startswith(b'{"variant"'):
        return status, headers, body
    said = json.loads(body)
    assert said["pow"] is None or said["pow"].pop("salt")
    for name in ("challenge", "signature"):
        said["pow"].pop(name)
    return status, headers, said


def requests() -> Iterable[tuple[str, str, str, dict[str, str]]]:
    for method, origin, extra in product(("GET", "HEAD", "POST", "OPTIONS"), ORIGINS, HEADERS):
        headers = {**extra, **({"Origin": origin} if origin else {})}
        for query in QUERIES if method == "GET" else QUERIES[:2]:
            yield method, AVAILABILITY, query, headers
        for query in ("", "v=1", "v=1&v=2"):
            yield method, "/widget.js", query, headers


def test_a_kept_answer_equals_the_one_the_app_gives(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    kept = 0
    for method, path, query, headers in requests():
        given = [ask(app.wsgi_app, method, path, query, headers) for _ in range(2)]
        plain = ask(app.wsgi_app._app, method, path, query, headers)  # type: ignore[attr-defined]
        for one in given:
            assert without_challenge(one) == without_challenge(plain), (method, path, query)
        kept = len(app.wsgi_app._kept)  # type: ignore[attr-defined]
    assert kept > 100, "nothing was kept, so nothing was compared"


def look(client: FlaskClient) -> Any:
    answer = client.get(f"{AVAILABILITY}?{QUERIES[0]}", headers={"Origin": HOME})
    assert answer.status_code == 200
    return answer.get_json()


def test_each_visitor_gets_a_challenge_of_his_own(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    challenges = {look(client)["pow"]["challenge"] for _ in range(3)}
    assert len(challenges) == 3


def test_a_change_of_stock_is_seen_at_once(client: FlaskClient, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    assert look(client)["availability"] == "out_of_stock"

    store.stock("KETTLE", 5)

    assert look(client)["availability"] == "in_stock"


def test_what_others_changed_is_seen_after_two_seconds(
    client: FlaskClient, store: Storefront, env: Env, clock: SettableClock
) -> None:
    store.stock("KETTLE", 0)
    assert look(client)["title"] == look(client)["title"]
    with env.db.engine.begin() as elsewhere:
        elsewhere.exec_driver_sql("UPDATE products SET title = 'Samovar'")
    assert look(client)["title"] != "Samovar"

    clock.advance(timedelta(seconds=2))

    assert look(client)["title"] == "Samovar"


def test_many_addresses_fill_no_memory(app: Flask, store: Storefront) -> None:
    for number in range(1_100):
        ask(app.wsgi_app, "GET", "/widget.js", f"n={number}", {})
    assert len(app.wsgi_app._kept) <= 1_000  # type: ignore[attr-defined]
