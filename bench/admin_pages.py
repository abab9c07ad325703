"""How long does a page of the admin take where many wait, beside a page that reads next to nothing?

The floor is the same frame around a page about one's own account. `p50_ms` and `worst_ms` are what
somebody at a desk would feel, on this machine.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import bindparam, text

from bench.contest import PRODUCT, Line, Trial, alternate, compare, percentile
from bench.places import settle
from bench.shop import SLUG, configuration, open_shop
from bench.sizes import Size
from bench.stage import Benchmark, Stage
from notifier.domain.rights import Role
from notifier.rendering import shipped_renderer
from notifier.services.count_demand import count
from notifier.services.env import Env, ShopRef
from notifier.services.session_of import open_session
from notifier.store import accounts
from notifier.store.tables.base import Instant
from notifier.web.admin.app import create_admin

FLOOR = "the account's page"
PAGES = {
    "today": f"/{SLUG}/",
    "products": f"/{SLUG}/products",
    "products, searched": f"/{SLUG}/products?q=product+777",
    "what is out": f"/{SLUG}/products?view=out",
    "subscriptions": f"/{SLUG}/subscriptions",
    "subscriptions, one state": f"/{SLUG}/subscriptions?state=ended",
    "subscriptions, one address": f"/{SLUG}/subscriptions?address=p77@people.example",
    "releases": f"/{SLUG}/releases",
    "orders": f"/{SLUG}/orders",
    "demand": f"/{SLUG}/demand",
    "demand, by money": f"/{SLUG}/demand?sort=money",
    "what came of releases": f"/{SLUG}/demand/releases",
}
ACCOUNT = "/-/account"
TRIES = 5
BASE = "https://notify.kettle.example"
CHUNK = 20_000
_TIMES = ("now", "until")

# The n-th subscription is for a variant that is the more wanted the lower its number.
_COUNTED = (
    "WITH RECURSIVE n(n) AS (SELECT CAST(:low AS INTEGER) "
    "UNION ALL SELECT n + 1 FROM n WHERE n < :high) "
)
_PRODUCTS = _COUNTED + (
    "INSERT INTO products (id, shop_id, key, title, created_at) "
    "SELECT n, :shop, 'P' || n, 'Product ' || n, :now FROM n"
)
_VARIANTS = _COUNTED + (
    "INSERT INTO variants (id, shop_id, product_id, key, sku, title, price, currency, created_at) "
    "SELECT n, :shop, n, 'V' || n, 'SKU-' || n, 'one size', 10 + n % 90, 'EUR', :now FROM n"
)
_STOCK = _COUNTED + (
    "INSERT INTO stock (variant_id, availability, quantity, since, seen_at, level, level_since) "
    "SELECT n, CASE WHEN n % 3 = 0 THEN 'in_stock' ELSE 'out_of_stock' END, "
    "CASE WHEN n % 3 = 0 THEN 9 ELSE 0 END, :now, :now, "
    "CASE WHEN n % 3 = 0 THEN 2 ELSE 0 END, :now FROM n"
)
_CONTACTS = _COUNTED + (
    "INSERT INTO contacts (id, medium, address, address_hash, created_at) "
    "SELECT n, 'email', 'p' || n || '@people.example', 'h' || n, :now FROM n"
)
_SUBSCRIPTIONS = _COUNTED + (
    "INSERT INTO subscriptions (shop_id, contact_id, product_id, variant_id, target, medium, "
    "locale, quantity, state, origin, created_at, asked_at, confirmed_at, expires_at) "
    "SELECT :shop, n, v, v, 'v' || v, 'email', 'en', 1 + n % 3, "
    "CASE WHEN n % 50 = 0 THEN 'ended' WHEN n % 10 = 0 THEN 'told' ELSE 'waiting' END, "
    "'widget', :now, :now, :now, :until "
    "FROM (SELECT n, 1 + ((n % :variants) * (n % 997)) / 997 AS v FROM n) AS wanted"
)


def run(stage: Stage, size: Size) -> list[Line]:
    lines: list[Line] = []
    people, variants = size.people, max(size.people // 20, 10)
    for place in stage.places:
        stage.say(f"admin: {people:,} subscriptions to {variants:,} variants on {place.name}")
        env, shop = open_shop(configuration(folder=stage.folder, url=place.fresh()))
        try:
            fill(env, shop, people=people, variants=variants)
            settle(env.config.database_url)
            client = signed_in(env)
            for name, path in PAGES.items():
                lines += _measure(stage, size, client, name, path, database=place.name)
        finally:
            env.db.close()
    return [replace(line, subject=f"{line.subject}, {people:,} subscriptions") for line in lines]


def fill(env: Env, shop: ShopRef, *, people: int, variants: int) -> None:
    """A catalogue, and so many people who wait for parts of it."""
    now = datetime.now(UTC) - timedelta(days=20)
    values: dict[str, Any] = {"shop": shop.id, "now": now, "until": now + timedelta(days=365)}
    values["variants"] = variants
    steps = ((_PRODUCTS, variants), (_VARIANTS, variants), (_STOCK, variants))
    for statement, rows in (*steps, (_CONTACTS, people), (_SUBSCRIPTIONS, people)):
        for low in range(1, rows + 1, CHUNK):
            high = min(low + CHUNK - 1, rows)
            query = text(statement).bindparams(
                *(bindparam(name, type_=Instant) for name in _TIMES if f":{name}" in statement)
            )
            used = {name: values[name] for name in values if f":{name}" in statement}
            with env.db.write() as tx:
                tx.execute(query, {**used, "low": low, "high": high})
    hash_ = env.signer.hash_address("email", "p77@people.example")
    with env.db.write() as tx:
        tx.execute(text("UPDATE contacts SET address_hash = :hash WHERE id = 77"), {"hash": hash_})
    count(env, shop)


def signed_in(env: Env) -> FlaskClient:
    """The browser of an owner."""

    def work(tx: Any) -> str:
        person_id = accounts.add_account(
            tx,
            email="olga@kettle.example",
            name="Olga",
            role=Role.OWNER.value,
            shops=(),
            locale="en",
            user_handle="olga",
            now=env.now(),
        )
        assert person_id is not None
        return open_session(env, tx, person_id)

    client = create_admin(env, shipped_renderer()).test_client()
    token = env.db.retry(work)
    client.set_cookie("__Host-notifier", token, domain="notify.kettle.example", secure=True)
    return client


def _measure(
    stage: Stage, size: Size, client: FlaskClient, name: str, path: str, *, database: str
) -> list[Line]:
    trials = alternate(
        {PRODUCT: partial(_open, client, path), FLOOR: partial(_open, client, ACCOUNT)},
        rounds=size.rounds,
        say=stage.say,
    )
    return compare(trials, benchmark="admin", subject=name, database=database, unit="pages")


def _open(client: FlaskClient, path: str) -> Trial:
    took: list[float] = []
    for _ in range(TRIES):
        began = time.perf_counter()
        answer = client.get(path, base_url=BASE)
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
    extra = {"p50_ms": percentile(took, 50) * 1e3, "worst_ms": max(took) * 1e3}
    return Trial(units=TRIES, seconds=sum(took), extra=extra)


BENCHMARK = Benchmark(name="admin", question="Opening a page of the admin", run=run)
