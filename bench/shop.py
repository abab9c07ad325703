"""Which shop do all benchmarks measure, and how does a line form in front of one of its products?

Everything is set as it comes, except limits that would stop a single machine from signing up
thousands. What the limits cost is still paid: they are counted, only higher.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.bare import Bare
from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.announce import announce
from notifier.services.env import Env, ShopRef, open_env
from notifier.services.observe import Report, observe
from notifier.store.catalogue import find_variant
from notifier.store.people import target_of
from notifier.store.session import Database

SLUG = "kettle"
KEY = "pk_kettle_bench"
SECRET = "sk_bench_0123456789abcdef"
ORIGIN = "https://kettle.example"
VARIANT = "KETTLE-BLUE"
MANY = 1_000_000_000
CHUNK = 5_000
CONTACT = ("id", "medium", "address", "address_hash", "created_at")
SUBSCRIPTION = (
    *("contact_id", "shop_id", "product_id", "variant_id", "target"),
    *("medium", "locale", "quantity", "state", "origin"),
    *("created_at", "asked_at", "confirmed_at", "expires_at"),
)


def configuration(
    *,
    folder: str | Path,
    url: str,
    smtp_port: int = 1,
    listen_port: int = 1,
    feed: str = "",
    mail: Mapping[str, Any] | None = None,
) -> Config:
    """The settings of a trial on the database `url`. `mail`: more settings of the mail channel."""
    shop: dict[str, Any] = {
        "name": "Kettle & Co",
        "url": ORIGIN,
        "public_key": KEY,
        "origins": [ORIGIN],
        "sender": "Kettle & Co <hello@kettle.example>",
        "support_email": "help@kettle.example",
        "postal_address": "1 Harbour Road, Bristol",
        "accent": "#1f5f4a",
        "currency": "EUR",
        "release": {"strategy": "all"},
        "stock": {"cool_down": "0s"},  # the same restock may come again
        "keys": {"server": {"secret": SECRET, "scopes": ["*"]}},
    }
    if feed:
        shop["sources"] = {"feed": {"kind": "feed", "path": feed, "max_bytes": 2 * 1024**3}}
    return Config.model_validate(
        {
            "service": {
                "public_url": "https://notify.kettle.example",
                "data_dir": str(folder),
                "secret_keys": ["a key that only benchmarks would ever use"],
                "listen": f"127.0.0.1:{listen_port}",
                "trusted_proxies": 1,
            },
            "database": {"url": url},
            "limits": {
                "signups_per_network": MANY,
                "signups_per_product": MANY,
                "confirmations_per_shop": MANY,
            },
            "channels": {
                "mail": {
                    "kind": "email_smtp",
                    "host": "127.0.0.1",
                    "port": smtp_port,
                    "security": "none",
                    "from_address": "Kettle & Co <hello@kettle.example>",
                    **(mail or {}),
                }
            },
            "shops": {SLUG: shop},
        }
    )


def open_shop(config: Config) -> tuple[Env, ShopRef]:
    """The shop on its database. Close `env.db` afterwards."""
    env = open_env(config, db=Database(config.database_url, pool_size=config.database.pool_size))
    return env, env.shop(SLUG)


def show(env: Env, shop: ShopRef, quantity: int, *, key: str = VARIANT) -> Report:
    """A look at one variant: so many units are there."""
    there = Availability.IN_STOCK if quantity else Availability.OUT_OF_STOCK
    seen = Observation(
        key=key,
        product_key=f"{key}-PRODUCT",
        title="Stovetop kettle “Dawn”",
        variant_title="Sea blue / 1.7 l",
        url=f"{ORIGIN}/kettle?colour={key.lower()}",
        image_url=f"{ORIGIN}/kettle.jpg",
        price=Decimal("49.90"),
        regular_price=Decimal("59.90"),
        currency="EUR",
        availability=there,
        quantity=quantity,
    )
    return observe(env, shop, [seen])


def form_line(env: Env, shop: ShopRef, people: int) -> None:
    """So many people wait for the variant, each confirmed, a second apart."""
    with env.db.read() as tx:
        variant = find_variant(tx, shop.id, VARIANT)
        last = tx.exec_driver_sql("SELECT coalesce(max(id), 0) FROM contacts").scalar_one()
    assert variant is not None
    first, bare = int(last) + 1, Bare(env.config.database_url)
    came = datetime.now(UTC) - timedelta(days=30)
    then, until = bare.moment(came), bare.moment(came + timedelta(days=365))
    target = target_of(variant_id=variant.id, product_id=variant.product_id)
    fixed = (shop.id, variant.product_id, variant.id, target)
    told = ("email", "en", 1, "waiting", "widget")
    for start in range(0, people, CHUNK):
        numbers = range(start, min(start + CHUNK, people))
        met: list[tuple[Any, ...]] = []
        asked: list[tuple[Any, ...]] = []
        for n in numbers:
            address = f"waits-{n:07d}@people.example"
            hashed = env.signer.hash_address("email", address)
            met.append((first + n, "email", address, hashed, then))
            at = bare.moment(came + timedelta(seconds=n))
            asked.append((first + n, *fixed, *told, at, then, at, until))
        bare.fill("contacts", CONTACT, met)
        bare.fill("subscriptions", SUBSCRIPTION, asked)
    bare.go_on_counting("contacts")
    bare.close()


def announce_all(env: Env) -> None:
    """Until no release has a step to take."""
    while announce(env):
        continue


def count_rows(env: Env, table: str, *, where: str = "1 = 1") -> int:
    """How many rows of a table there are."""
    with env.db.read() as tx:
        found = tx.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"))
        return int(found.scalar_one())
