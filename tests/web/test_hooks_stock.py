"""Which pushed stock do we believe that comes by webhook? (trust L14; 175 to 179; FI-18, FI-19)"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks.webhooks import Webhook

from notifier.config import Config
from notifier.services.env import Env, open_env
from notifier.store.session import Database
from tests.timing import SettableClock
from tests.web.storefront import Storefront, config

NEW = "whsec_" + base64.b64encode(b"the new secret of the kettle shop").decode()
OLD = "whsec_" + base64.b64encode(b"the old secret of the kettle shop").decode()
BODY = {"observations": [{"variant": "k1", "quantity": 3}]}


@pytest.fixture
def env(database: Database, clock: SettableClock, tmp_path: Path) -> Env:
    tree = config(tmp_path).model_dump()
    tree["shops"]["kettle"]["push_secrets"] = [NEW, OLD]
    return open_env(Config.model_validate(tree), clock=clock, db=database)


def deliver(
    client: FlaskClient,
    env: Env,
    body: Any = BODY,
    *,
    secret: str = NEW,
    id_: str = "msg_1",
    at: datetime | None = None,
    shop: str = "kettle",
    **changed: str,
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = at or env.now()
    headers = {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, raw.decode("utf-8", "replace")),
        "Content-Type": "application/json",
    }
    headers.update({name.replace("_", "-"): value for name, value in changed.items()})
    return client.post(f"/hooks/stock/{shop}", data=raw, headers=headers)


def test_signed_stock_counts_like_pushed_stock(
    client: FlaskClient, env: Env, store: Storefront
) -> None:
    answer = deliver(client, env)
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["accepted"]) == ("done", 1)
    assert store.one("SELECT quantity FROM stock") == 3


@pytest.mark.fault("FI-19")
def test_while_a_secret_is_changed_both_count(client: FlaskClient, env: Env) -> None:
    assert deliver(client, env, secret=NEW, id_="a").status_code == 200
    assert deliver(client, env, secret=OLD, id_="b").status_code == 200
    kettle = env.shops["kettle"]
    config_after = kettle.config.model_copy(update={"push_secrets": (NEW,)})
    env.shops["kettle"] = type(kettle)(id=kettle.id, slug=kettle.slug, config=config_after)
    assert deliver(client, env, secret=OLD, id_="c").status_code == 401


def test_one_good_signature_among_several_is_enough(client: FlaskClient, env: Env) -> None:
    good = Webhook(NEW).sign("msg_1", env.now(), json.dumps(BODY))
    answer = deliver(client, env, webhook_signature=f"v1,AAAA v2,xx {good}")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_signature": ""},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,not base64 at all"},
        {"webhook_signature": "v1,a,b,c"},
        {"webhook_signature": "v1," + "A" * 44},
        {"webhook_signature": "schlüssel"},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "abc"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "1000000000000"},
        {"webhook_timestamp": "9" * 400},
        {"webhook_timestamp": "NaN"},
        {"webhook_id": ""},
        {"webhook_id": "msg_2"},
        {"webhook_id": "x" * 300},
    ],
)
def test_a_delivery_that_is_not_signed_right_is_refused(
    client: FlaskClient, env: Env, store: Storefront, changed: dict[str, str]
) -> None:
    assert deliver(client, env, **changed).status_code == 401
    assert store.rows("SELECT * FROM stock") == []


@pytest.mark.fault("FI-18")
@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_delivery_from_another_time_is_refused(
    client: FlaskClient, env: Env, seconds: int
) -> None:
    at = env.now() + timedelta(seconds=seconds)
    assert deliver(client, env, at=at).status_code == 401
    assert deliver(client, env, at=env.now() + timedelta(seconds=seconds * 0.9)).status_code == 200


def test_a_changed_body_another_secret_and_another_shop_are_refused(
    client: FlaskClient, env: Env
) -> None:
    signature = Webhook(NEW).sign("msg_1", env.now(), json.dumps(BODY))
    changed = {"observations": [{"variant": "k1", "quantity": 4}]}
    assert deliver(client, env, changed, webhook_signature=signature).status_code == 401
    stranger = "whsec_" + base64.b64encode(b"the secret of Eve the stranger").decode()
    assert deliver(client, env, secret=stranger).status_code == 401
    assert deliver(client, env, shop="cups").status_code == 401  # it has no secret
    assert deliver(client, env, shop="nobody").status_code == 401
    assert deliver(client, env, b"\xff\xfe").status_code == 401


@pytest.mark.fault("FI-18")
def test_a_replay_has_no_effect_also_days_later(
    client: FlaskClient, env: Env, store: Storefront, clock: SettableClock
) -> None:
    deliver(client, env)
    deliver(client, env, {"observations": [{"variant": "k1", "quantity": 0}]}, id_="msg_2")
    for days in (0, 1, 5):
        clock.advance(timedelta(days=days))
        replay = deliver(client, env)
        assert (replay.status_code, replay.json) == (200, {"status": "before"})
    assert store.one("SELECT quantity FROM stock") == 0


def test_a_delivery_that_failed_may_come_again(
    client: FlaskClient, env: Env, store: Storefront
) -> None:
    bad = deliver(client, env, {"observations": [{"variant": "k1"}]})
    assert bad.status_code == 422
    assert deliver(client, env).status_code == 200
    assert store.one("SELECT quantity FROM stock") == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 400), (b'{"a": NaN}', 400), (b"[" * 100_000, 400), (b"[]", 422), (b"{}", 422)],
)
def test_a_signed_body_that_cannot_be_read_is_named(
    client: FlaskClient, env: Env, body: bytes, status: int
) -> None:
    assert deliver(client, env, body).status_code == status


def test_a_delivery_larger_than_the_limit_is_not_read(client: FlaskClient, env: Env) -> None:
    assert deliver(client, env, b" " * (1024 * 1024 + 1)).status_code == 413


def test_stock_older_than_what_is_known_is_ignored(
    client: FlaskClient, env: Env, store: Storefront
) -> None:
    deliver(client, env)
    old = {"variant": "k1", "quantity": 9, "observed_at": "2026-12-01T09:00:00Z"}
    assert deliver(client, env, {"observations": [old]}, id_="msg_2").status_code == 200
    assert store.one("SELECT quantity FROM stock") == 3
