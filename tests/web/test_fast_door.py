"""Is an answer that was kept the one the app would give, and is it given only to the right ones?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from notifier.services.env import Env
from notifier.web import fast_door
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


class Counted:
    """Stands for Flask: counts its questions, and lets each go on when it is told to."""

    def __init__(self, app: Any) -> None:
        self.door = app.wsgi_app
        self.asked = 0
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self._flask, self.door._app = self.door._app, self

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self.asked += 1
        answer = list(self._flask(environ, start))  # what is known now, told later
        self.begun.release()
        assert self.may_end.acquire(timeout=30)
        return answer

    def visit(self, seen: list[str]) -> threading.Thread:
        def ask_for_title() -> None:
            _, _, body = ask(self.door, "GET", AVAILABILITY, QUERIES[0], {"Origin": HOME})
            said = json.loads(body)
            seen.append(said.get("title") or said["error"]["code"])

        visitor = threading.Thread(target=ask_for_title)
        visitor.start()
        return visitor

    def visit_many(self, seen: list[str]) -> list[threading.Thread]:
        """The first asks, the others find it asking."""
        first = self.visit(seen)
        assert self.begun.acquire(timeout=30)
        return [first, *(self.visit(seen) for _ in range(7))]


@pytest.fixture
def counted(app: Flask, store: Storefront, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    monkeypatch.setattr(fast_door, "PATIENCE", 60.0)  # whoever goes on by himself is a fault here
    store.stock("KETTLE", 0)
    door = app.wsgi_app
    flask = door._app  # type: ignore[attr-defined]
    yield Counted(app)
    door._app = flask  # type: ignore[attr-defined]


def rename(env: Env, title: str) -> None:
    """By another process."""
    with env.db.engine.begin() as elsewhere:
        elsewhere.exec_driver_sql(f"UPDATE products SET title = '{title}'")


def all_end(counted: Counted, visitors: list[threading.Thread], *, questions: int) -> None:
    for _ in range(questions):
        counted.may_end.release()
    for one in visitors:
        one.join(30)
        assert not one.is_alive()
    assert counted.asked == questions


@pytest.mark.parametrize("is_kept_before", [False, True])
def test_many_who_come_when_it_is_over_ask_one_question(
    counted: Counted, env: Env, clock: SettableClock, is_kept_before: bool
) -> None:
    if is_kept_before:
        counted.may_end.release()
        counted.visit([]).join(30)
        assert counted.begun.acquire(timeout=30)
        counted.asked = 0
        rename(env, "Samovar")
        clock.advance(timedelta(seconds=2))
    seen: list[str] = []
    visitors = counted.visit_many(seen)
    all_end(counted, visitors, questions=1)
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert ("Samovar" in seen) == is_kept_before


def test_while_one_asks_anew_others_get_what_is_not_over_yet(
    counted: Counted, env: Env, clock: SettableClock
) -> None:
    counted.may_end.release()
    before: list[str] = []
    counted.visit(before).join(30)
    assert counted.begun.acquire(timeout=30)
    rename(env, "Samovar")
    clock.advance(timedelta(seconds=1.5))
    seen: list[str] = []
    first, *others = counted.visit_many(seen)
    for one in others:
        one.join(30)
    assert seen == before * 7, "they waited, or were told what nobody has answered yet"

    clock.advance(timedelta(seconds=0.5))
    late = counted.visit(seen)
    all_end(counted, [first, late], questions=1 + 1)
    assert seen[7:] == ["Samovar"] * 2


def test_who_comes_after_a_commit_is_not_told_what_was_asked_before_it(
    counted: Counted, env: Env
) -> None:
    seen: list[str] = []
    first = counted.visit(seen)
    assert counted.begun.acquire(timeout=30)
    with env.db.write() as tx:
        tx.exec_driver_sql("UPDATE products SET title = 'Samovar'")
    late = [counted.visit(seen) for _ in range(7)]
    all_end(counted, [first, *late], questions=2)
    assert sorted(seen) == sorted([*["Samovar"] * 7, next(one for one in seen if one != "Samovar")])


def test_who_waits_for_one_that_fails_or_takes_long_asks_himself(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_door, "PATIENCE", 0.01)
    seen: list[str] = []
    visitors = counted.visit_many(seen)
    for _ in range(7):
        assert counted.begun.acquire(timeout=30), "somebody waits for ever"
    all_end(counted, visitors, questions=8)
    assert len(seen) == 8


def test_many_addresses_fill_no_memory(app: Flask, store: Storefront) -> None:
    for number in range(1_100):
        ask(app.wsgi_app, "GET", "/widget.js", f"n={number}", {})
    assert len(app.wsgi_app._kept) <= 1_000  # type: ignore[attr-defined]
