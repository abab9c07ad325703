"""Which shop do all benchmarks measure, and how does a line form in front of one of its products?

Everything is set as it comes, except limits that would stop a single machine from signing up
thousands. What the limits cost is still paid: they are counted, only higher.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from notifier.config import Config
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.services.announce import announce
from notifier.services.env import Env, ShopRef, open_env
from notifier.services.observe import Report, observe
from notifier.store.catalogue import find_variant
from notifier.store.people import target_of
from notifier.store.session import Database
from notifier.store.tables.people import contacts, subscriptions

SLUG = "kettle"
KEY = "pk_kettle_bench"
SECRET = "sk_bench_0123456789abcdef"
ORIGIN = "https://kettle.example"
VARIANT = "KETTLE-BLUE"
MANY = 1_000_000_000
CHUNK = 5_000


def configuration(
    *,
    folder: str | Path,
    url: str,
    smtp_port: int = 1,
    listen_port: int = 1,
    feed: str = "",
) -> Config:
    """The settings of a trial on the database `url`."""
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
        "keys": {"server": {"secret": SECRET, "scopes": ["*"]}},
    }
    if feed:
        shop["sources"] = {"feed": {"kind": "feed", "path": feed}}
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
    assert variant is not None
    came = datetime.now(UTC) - timedelta(days=30)
    until = came + timedelta(days=365)
    target = target_of(variant_id=variant.id, product_id=variant.product_id)
    for start in range(0, people, CHUNK):
        numbers = range(start, min(start + CHUNK, people))
        addresses = {n: f"waits-{n:07d}@people.example" for n in numbers}
        hashes = {n: env.signer.hash_address("email", address) for n, address in addresses.items()}
        with env.db.write() as tx:
            tx.execute(
                insert(contacts),
                [
                    {
                        "medium": "email",
                        "address": addresses[n],
                        "address_hash": hashes[n],
                        "created_at": came,
                    }
                    for n in numbers
                ],
            )
            found = tx.execute(
                select(contacts.c.id, contacts.c.address_hash)
                .order_by(contacts.c.id.desc())
                .limit(len(addresses))
            )
            ids = {row.address_hash: row.id for row in found}
            tx.execute(
                insert(subscriptions),
                [
                    {
                        "shop_id": shop.id,
                        "contact_id": ids[hashes[n]],
                        "product_id": variant.product_id,
                        "variant_id": variant.id,
                        "target": target,
                        "medium": "email",
                        "locale": "en",
                        "quantity": 1,
                        "state": "waiting",
                        "origin": "widget",
                        "created_at": came + timedelta(seconds=n),
                        "asked_at": came,
                        "confirmed_at": came + timedelta(seconds=n),
                        "expires_at": until,
                    }
                    for n in numbers
                ],
            )


def announce_all(env: Env) -> None:
    """Until no release has a step to take."""
    while announce(env):
        continue


def count_rows(env: Env, table: str, *, where: str = "1 = 1") -> int:
    """How many rows of a table there are."""
    with env.db.read() as tx:
        found = tx.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"))
        return int(found.scalar_one())
