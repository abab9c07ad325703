"""Are Shopify and WooCommerce connected in the admin, without anybody seeing a secret again?"""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from notifier.services.check_shop import check_shop
from notifier.services.env import Env
from tests.web.admin.test_settings import HERE, HIDDEN, change, problem
from tests.web.admin.visitor import Admin
from tests.web.test_shop_hooks import DOMAIN, goods, sign

PAGE = "/system"


@pytest.fixture
def engine_name() -> str:
    """Nothing of its own is asked of a database."""
    return "sqlite"


def deliver(client: FlaskClient, env: Env, secret: str) -> int:
    body = json.dumps(goods(env.now())).encode()
    headers = {
        "X-Shopify-Hmac-Sha256": sign(body, secret),
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Topic": "products/update",
        "X-Shopify-Webhook-Id": secret,
    }
    return client.post("/hooks/shopify/kettle", data=body, headers=headers).status_code


def test_a_secret_that_is_entered_counts_at_once_and_is_never_shown(
    admin: Admin, env: Env, client: FlaskClient
) -> None:
    assert deliver(client, env, HIDDEN) == 401
    said = change(admin, PAGE, shopify_domain=DOMAIN, shopify_secrets=f"{HIDDEN}\nthe old secret")
    assert said.status == 303
    assert [deliver(client, env, one) for one in (HIDDEN, "the old secret")] == [200, 200]
    assert HIDDEN not in admin.get(HERE + PAGE).text
    assert HIDDEN not in admin.get(HERE + "/history").text


def test_what_cannot_be_a_domain_is_named_beside_it(admin: Admin) -> None:
    said = change(admin, PAGE, shopify_domain="https://kettle.myshopify.com/")
    assert said.status == 422
    assert "kettle.myshopify.com" in problem(said, "shopify_domain")


def test_the_page_says_where_webhooks_go_and_when_one_came(
    admin: Admin, env: Env, client: FlaskClient
) -> None:
    assert "/hooks/shopify/kettle" in admin.get(HERE + PAGE).said
    assert "heard" not in admin.get(HERE + PAGE).said.lower()

    change(admin, PAGE, shopify_domain=DOMAIN, shopify_secrets=HIDDEN)
    assert "Nothing heard yet." in admin.get(HERE + PAGE).said

    assert deliver(client, env, HIDDEN) == 200
    assert "Last heard" in admin.get(HERE + PAGE).said


def test_half_a_connection_is_told(admin: Admin, env: Env) -> None:
    change(admin, PAGE, shopify_domain=DOMAIN)
    found = [one.about for one in check_shop(env, env.shop("kettle")) if one.level == "bad"]
    assert any(about.endswith("shopify_domain") for about in found)
