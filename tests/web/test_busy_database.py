"""What does a visitor hear when the database is locked, gone or silent, and how soon?"""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notifier.errors import StoreBusy
from notifier.services.check import _check_database
from notifier.services.env import Env
from notifier.signing import Purpose
from notifier.store.session import Database
from notifier.web.here import EXTENSION
from tests.web.storefront import KETTLE, Storefront
from tests.web.visits import press

HOME = "https://kettle.example"
SIGN_UP = {"key": KETTLE, "variant": "KETTLE", "email": "ann@example.com"}


def sign_up(client: FlaskClient) -> TestResponse:
    return client.post("/api/v1/subscriptions", json=SIGN_UP, headers={"Origin": HOME})


def refuses_for_now(answer: TestResponse) -> bool:
    """A 503 that says when to come again, in the shape of its kind."""
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    if answer.mimetype == "application/json":
        assert answer.get_json()["error"]["code"] == "busy"
    else:
        assert answer.mimetype == "text/html"
        assert "sqlite" not in answer.text.lower()
    return True


@pytest.fixture
def locked(env: Env, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another program holds the file; visitors wait a little less long than in earnest."""
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 0.2)
    with closing(sqlite3.connect(env.db.path() or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_locked_database_is_told_soon_and_nothing_is_lost(
    client: FlaskClient, store: Storefront, request: pytest.FixtureRequest
) -> None:
    store.stock("KETTLE", 0)
    until = store.env.now() + timedelta(days=1)
    made = store.ask("KETTLE", "ben@example.com")
    link = store.env.signer.make(Purpose.CONFIRM, made, expires_at=until)
    request.getfixturevalue("locked")
    began = time.monotonic()

    assert refuses_for_now(sign_up(client))
    assert refuses_for_now(press(client, f"/c/{link}", "confirm"))
    assert client.get(f"/api/v1/availability?key={KETTLE}&variant=KETTLE").status_code == 200
    assert client.get("/widget.js").status_code == 200

    assert time.monotonic() - began < 10  # nobody but visitors waits less for one write


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_who_comes_again_after_the_lock_is_put_on_the_list(
    client: FlaskClient, store: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.stock("KETTLE", 0)
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 0.1)
    with closing(sqlite3.connect(store.env.db.path() or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert sign_up(client).status_code == 503
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 20)

    assert sign_up(client).status_code == 202


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_absent_server_is_told_on_every_route(
    app: Flask, client: FlaskClient, store: Storefront
) -> None:
    pytest.importorskip("psycopg")
    store.stock("KETTLE", 0)
    made = store.ask("KETTLE")
    absent = Database("postgresql://nobody@127.0.0.1:1/nothing")
    app.extensions[EXTENSION] = replace(store.env, db=absent)
    until = store.env.now() + timedelta(days=1)
    confirm = store.env.signer.make(Purpose.CONFIRM, made, expires_at=until)
    product = store.env.signer.make(Purpose.PRODUCT, made)
    began = time.monotonic()

    assert refuses_for_now(sign_up(client))
    assert refuses_for_now(client.get(f"/api/v1/availability?key={KETTLE}&variant=KETTLE"))
    in_german, or_spanish = {**SIGN_UP, "locale": "de-AT"}, {"Accept-Language": "es"}
    asked = client.get(f"/api/v1/availability?key={KETTLE}&variant=KETTLE&lang=de")
    signed = client.post("/api/v1/subscriptions", json=in_german, headers=or_spanish)
    for answer, says in ((asked, "Bitte"), (signed, "Bitte"), (sign_up(client), "Please")):
        assert answer.get_json()["error"]["message"].startswith(says)
    spanish = client.get(f"/api/v1/availability?key={KETTLE}&variant=KETTLE", headers=or_spanish)
    assert "un momento" in spanish.get_json()["error"]["message"]
    assert refuses_for_now(client.get(f"/c/{confirm}"))
    assert refuses_for_now(client.get(f"/r/{product}"))
    assert refuses_for_now(client.get(f"/f/{KETTLE}?variant=KETTLE"))

    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert time.monotonic() - began < 20
    absent.close()


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_server_that_says_nothing_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.store.session.VISITORS_WAIT", 0.2)
    began = time.monotonic()

    with pytest.raises(StoreBusy), database.for_visitors(), database.read() as tx:
        tx.exec_driver_sql("SELECT pg_sleep(20)")

    assert time.monotonic() - began < 15
    with database.read() as tx:
        assert tx.exec_driver_sql("SELECT 1").scalar() == 1


@pytest.mark.parametrize("engine_name", ["postgres"])
def test_a_server_whose_disk_is_full_is_not_ready_until_it_takes_writes_again(
    client: FlaskClient, env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").get_json() == {"database": True, "schema": True, "room": True}
    with pytest.raises(StoreBusy), env.db.write() as tx:
        tx.exec_driver_sql("DO $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.get_json() == {
        "database": True,
        "schema": True,
        "room": False,
        "trouble": "There is no room to write: the disk is full, or read-only.",
    }
    monkeypatch.setattr("notifier.store.room.REMEMBERED", 0)
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_folder_without_room_is_not_ready_and_check_names_it(
    client: FlaskClient, env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's own limit on file sizes stands in for a full disk."""
    monkeypatch.setattr("notifier.store.room.TRY_EVERY", 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (128 * 1024, before[1]))
    try:
        answer = client.get("/readyz")
        [found] = _check_database(env)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status_code == 503
    assert "no room" in answer.get_json()["trouble"]
    assert str(env.config.service.data_dir) not in answer.text
    assert "File too large" in str(found)
    assert client.get("/readyz").status_code == 200
