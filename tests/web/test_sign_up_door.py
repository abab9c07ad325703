"""Is somebody who signs up told and stored the same, whether Flask was asked or not?"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
from altcha.v1 import create_challenge
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from notifier.services.env import Env
from notifier.services.proof_of_work import VALID_FOR, make_challenge, work_shown
from notifier.web.at_once import SLOT, Slot
from notifier.web.sign_up_door import SignUpDoor
from tests.timing import SettableClock
from tests.web.storefront import CUPS, KETTLE, PUBLIC_URL, Storefront

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

URL = "/api/v1/subscriptions"
HOME = "https://kettle.example"
TABLES = {
    "contacts": "medium, address, time_zone",
    "subscriptions": "target, medium, locale, quantity, physical_only, accepts_marketing, state,"
    " origin, page_url",
    "ledger": "book, act, facts, personal, address_hash",
    "limits": "bucket, count",
    "messages": "kind, medium, address, locale, state",
    "spent": "kind, key",
}
Answer = tuple[str, list[tuple[str, str]], bytes]

PLAIN = {"key": KETTLE, "variant": "KETTLE", "email": "ann@example.com", "locale": "en"}
BODIES: tuple[dict[str, Any] | bytes, ...] = (
    PLAIN,
    {**PLAIN, "locale": "de", "quantity": 3, "page_url": f"{HOME}/?ü", "time_zone": "Asia/Tokyo"},
    {**PLAIN, "variant": 4711},
    {**PLAIN, "variant": "S"},
    {**PLAIN, "variant": "nothing"},
    {**PLAIN, "product": "KETTLE", "variant": ""},
    {**PLAIN, "key": CUPS},
    {**PLAIN, "key": "wrong"},
    {**PLAIN, "email": "not an address"},
    {**PLAIN, "email": None, "phone": "+4915112345678"},
    {**PLAIN, "quantity": 0},
    {**PLAIN, "quantity": "1"},
    {**PLAIN, "website": "https://spam.example"},
    {**PLAIN, "email": "postmaster@example.com"},
    {**PLAIN, "state": "waiting"},
    {**PLAIN, "pow": "nonsense"},
    {**PLAIN, "consent_text_id": "unknown"},
    b"",
    b"[]",
    b'{"key": "a", "key": "b"}',
    b"\xff\xfe",
    b"\xef\xbb\xbf" + json.dumps(PLAIN).encode(),
    b'{"key":"' + b"x" * 17_000 + b'"}',
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {"Origin": HOME},
    {},
    {"Origin": "https://eve.example"},
    {"Origin": "https://cups.example"},
    {"Origin": PUBLIC_URL},
    {"Origin": HOME, "Host": "eve.example"},
    {"Origin": HOME, "Host": "localhost:8025"},
    {"Origin": HOME, "Authorization": "Bearer sk_wrong"},
    {"Origin": HOME, "Content-Type": "text/plain"},
    {"Origin": HOME, "Content-Type": "application/json; charset=utf-8"},
    {"Origin": HOME, "Content-Type": "application/json; charset=latin-1"},
    {"Origin": HOME, "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"},
    {"Origin": HOME, "Referer": f"{HOME}/shelf", "User-Agent": "Mozilla/5.0 ü"},
)


def post(app: Any, body: dict[str, Any] | bytes, headers: dict[str, str]) -> Answer:
    """What a WSGI server would send."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    builder = EnvironBuilder(
        method="POST",
        path=URL,
        base_url=PUBLIC_URL,
        data=raw,
        headers=Headers([*{"Content-Type": "application/json", **headers}.items()]),
    )
    given_back, status, sent = run_wsgi_app(app, builder.get_environ(), buffered=True)
    return status, sorted(sent.items()), b"".join(given_back)


def dump(store: Storefront) -> dict[str, list[str]]:
    """All that is stored, in some order, without ids and times."""
    return {
        table: sorted(str(row) for row in store.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in TABLES.items()
    }


def forget(store: Storefront) -> None:
    with store.env.db.write() as tx:
        for table in ("messages", "ledger", "limits", "spent", "subscriptions", "contacts"):
            tx.exec_driver_sql(f"DELETE FROM {table}")


def counted() -> dict[str, float]:
    found = REGISTRY.collect()
    return {
        str(sample.labels): sample.value
        for metric in found
        for sample in metric.samples
        if "sign_ups" in sample.name and not sample.name.endswith("_created")
    }


def door_of(app: Flask) -> tuple[SignUpDoor, Any]:
    """The door, and Flask behind it."""
    door: Any = app.wsgi_app
    while not isinstance(door, SignUpDoor):
        door = door._app
    return door, door._app


def both_ways(
    app: Flask, store: Storefront, body: dict[str, Any] | bytes, headers: dict[str, str]
) -> None:
    """The same answer, rows and counts from the door, when it knows, and from Flask."""
    _, flask = door_of(app)
    post(app.wsgi_app, body, headers)  # learns
    seen = []
    for way in (app.wsgi_app, flask):
        forget(store)
        before = counted()
        answers = [post(way, body, headers), post(way, body, headers)]  # known the second time
        after = counted()
        grown = {name: after[name] - before.get(name, 0) for name in after}
        seen.append((answers, dump(store), {k: v for k, v in grown.items() if v}))
    assert seen[0] == seen[1], (body, headers)


def cases() -> Iterable[tuple[dict[str, Any] | bytes, dict[str, str]]]:
    yield from product(BODIES, HEADERS[:1])
    yield from product(BODIES[:3], HEADERS[1:])


def test_the_door_answers_and_stores_as_flask_does(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    store.stock("4711", 0)
    store.stock("S", 5)
    for body, headers in cases():
        both_ways(app, store, body, headers)
    assert len(door_of(app)[0]._answers) >= 10, "the door knew none, so nothing was compared"


FIELDS = {
    "variant": st.sampled_from(["KETTLE", "S", "", "nothing", 4711, None, True]),
    "product": st.sampled_from(["", "KETTLE", "SHIRT"]),
    "email": st.sampled_from(["ann@example.com", "Ben@EXAMPLE.com ", "x", "", None, "\u0000@b.io"]),
    "phone": st.sampled_from([None, "+4915112345678", "12"]),
    "quantity": st.one_of(st.integers(-1, 3), st.just(10_001), st.just(1.5)),
    "locale": st.sampled_from(["", "en", "de", "xx", "x" * 40]),
    "any_variant": st.booleans(),
    "physical_only": st.booleans(),
    "accepts_marketing": st.booleans(),
    "page_url": st.text(max_size=30),
    "time_zone": st.sampled_from(["", "Europe/Berlin", "Mars/Olympus"]),
    "pow": st.sampled_from([None, "", "bm90aGluZw=="]),
}  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.fixed_dictionaries({}, optional=FIELDS))
def test_whatever_is_sent_the_door_answers_as_flask_does(
    app: Flask, store: Storefront, body: dict[str, Any]
) -> None:
    store.stock("KETTLE", 0)
    store.stock("S", 5)
    both_ways(app, store, {"key": KETTLE, "email": "ann@example.com", **body}, HEADERS[0])


def test_a_usual_sign_up_does_not_reach_flask(app: Flask, store: Storefront) -> None:
    store.stock("KETTLE", 0)
    door, flask = door_of(app)
    assert post(app.wsgi_app, PLAIN, HEADERS[0])[0] == "202 ACCEPTED"
    asked: list[str] = []

    def told(environ: dict[str, Any], start: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return flask(environ, start)

    door._app = told
    try:
        answer = post(app.wsgi_app, {**PLAIN, "email": "ben@example.com"}, HEADERS[0])
    finally:
        door._app = flask
    assert answer[0] == "202 ACCEPTED"
    assert asked == []
    assert store.one("SELECT count(*) FROM subscriptions") == 2


def test_work_that_was_done_counts_once_whichever_way(
    app: Flask, store: Storefront, env: Env
) -> None:
    store.stock("KETTLE", 0)
    shop = env.shop("kettle")
    post(app.wsgi_app, PLAIN, HEADERS[0])
    made = json.loads(make_challenge(env, shop, about="KETTLE") or b"null")
    for n in range(3):
        body = {**PLAIN, "email": f"p{n}@example.com", "pow": solved(made)}
        way = door_of(app)[1] if n == 2 else app.wsgi_app
        assert post(way, body, HEADERS[0])[0] == "202 ACCEPTED"
    assert store.one("SELECT count(*) FROM spent WHERE kind = 'pow'") == 1


def test_only_work_of_now_for_this_product_of_this_shop_counts(
    store: Storefront, env: Env, clock: SettableClock
) -> None:
    """Else one piece of work, or none, opens the door to as many sign-ups as somebody likes."""
    store.stock("KETTLE", 0)
    kettle, cups = env.shop("kettle"), env.shop("cups")
    made = json.loads(make_challenge(env, kettle, about="KETTLE") or b"null")
    forged = {**made, "signature": "0" * 64}
    right = solved(made)

    assert work_shown(env, kettle, right, about={"KETTLE"}) == made["challenge"]
    assert work_shown(env, kettle, solved(forged), about={"KETTLE"}) is None
    assert work_shown(env, kettle, right, about={"MUG"}) is None
    assert work_shown(env, cups, right, about={"KETTLE"}) is None
    clock.advance(VALID_FOR + timedelta(seconds=1))
    assert work_shown(env, kettle, right, about={"KETTLE"}) is None


def number_of(made: dict[str, Any]) -> int:
    salt, numbers = made["salt"], range(made["maxnumber"] + 1)
    wanted = bytes.fromhex(made["challenge"])
    return next(n for n in numbers if sha256(f"{salt}{n}".encode()).digest() == wanted)


def solved(made: dict[str, Any]) -> str:
    said = {name: made[name] for name in ("algorithm", "challenge", "salt", "signature")}
    return b64encode(json.dumps({**said, "number": number_of(made)}).encode()).decode()


def test_a_challenge_is_what_the_library_makes(store: Storefront, env: Env) -> None:
    text = make_challenge(env, env.shop("kettle"), about="Kettle Blau/ü&x=1") or b"null"
    made = json.loads(text)
    assert json.dumps(made, separators=(",", ":")).encode() == text
    theirs = create_challenge(
        algorithm="SHA-256",
        salt_length=12,
        max_number=made["maxnumber"],
        hmac_key=env.signer.secret_for("pow").hex(),
        salt=made["salt"].partition("?")[0],
        number=number_of(made),
        expires=datetime.fromisoformat(made["expires"]),
        params={"for": "kettle:Kettle Blau/ü&x=1"},
    )
    assert {name: made[name] for name in ("algorithm", "challenge", "salt", "signature")} == {
        name: value for name, value in theirs.to_dict().items() if name != "maxNumber"
    }


def test_who_asks_at_once_gets_an_answer_of_his_own(app: Flask, store: Storefront) -> None:
    """As a server does that has several answered together: some stored, some refused."""
    store.stock("KETTLE", 0)
    store.stock("S", 5)
    post(app.wsgi_app, PLAIN, HEADERS[0])
    bodies = [{**PLAIN, "email": f"p{n}@example.com"} for n in range(3)]
    bodies += [{**PLAIN, "variant": "S"}, PLAIN, {**PLAIN, "email": "nobody"}]
    slots = [Slot() for _ in bodies]
    for slot, body in zip(slots, bodies, strict=True):
        builder = EnvironBuilder(
            method="POST",
            path=URL,
            base_url=PUBLIC_URL,
            json=body,
            headers=Headers([*HEADERS[0].items()]),
        )
        way: Any = app.wsgi_app
        way({**builder.get_environ(), SLOT: slot}, lambda *_: None)
    door, _ = door_of(app)
    assert {slot.do_all for slot in slots} == {door.answer_all}
    outcomes = door.answer_all([slot.given for slot in slots])
    told = [getattr(one, "status", type(one).__name__) for one in outcomes]
    assert told == ["202 ACCEPTED"] * 3 + ["Conflict", "202 ACCEPTED", "InvalidInput"]
    assert store.one("SELECT count(*) FROM subscriptions") == 4


def test_many_ways_to_ask_fill_no_memory(
    app: Flask, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.stock("KETTLE", 0)
    monkeypatch.setattr("notifier.web.sign_up_door.MOST", 5)
    for n in range(12):
        post(app.wsgi_app, PLAIN, {"Origin": HOME, "Host": f"localhost:{n + 1}"})
    assert 0 < len(door_of(app)[0]._answers) <= 5
