"""A database as it is after the product's first look at a feed, filled quicker than by looking.

The feed is read as that look reads it; only the writing is done row by row, by the bare driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bench.bare import Bare
from bench.contest import Trial, peak_mb, timed
from bench.shop import configuration, open_shop
from notifier.domain.availability import Availability
from notifier.domain.observation import Observation
from notifier.domain.stock import Level
from notifier.services.env import Env, ShopRef
from notifier.services.last_rows import WORD, LastRows
from notifier.services.poll import make_source
from notifier.services.read_look import digest_of, rules_salt
from notifier.store import sources

CHUNK = 5_000
PRODUCT = ("id", "shop_id", "key", "title", "url", "image_url", "created_at")
VARIANT = (
    *("id", "shop_id", "product_id", "key", "sku", "title", "url", "image_url", "price"),
    *("currency", "created_at"),
)
STOCK = (
    *("variant_id", "availability", "since", "seen_at", "source", "level", "level_since"),
    "vouched",
)
NAMED = ("source_id", "variant_id", "digest")


def work(arguments: dict[str, Any]) -> Trial:
    """Fill the database `url` with what `feed` shows."""
    config = configuration(folder=arguments["folder"], url=arguments["url"], feed=arguments["feed"])
    env, shop = open_shop(config)
    trial = timed(lambda: _learn(env, shop))
    env.db.close()
    return Trial(
        units=trial.units, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()}
    )


def _learn(env: Env, shop: ShopRef) -> int:
    section = shop.config.sources["feed"]
    row = env.db.retry(
        lambda tx: sources.ensure_source(
            tx, shop_id=shop.id, name="feed", kind="feed", now=env.now()
        )
    )
    look = make_source(env, shop, "feed", section, recall=lambda: None).look({})
    bare = Bare(env.config.database_url)
    filling = _Filling(bare, shop, source_id=row.id)
    while chunk := list(islice(look.observations, CHUNK)):
        filling.add(chunk)
    for table in ("products", "variants"):
        bare.go_on_counting(table)
    bare.close()
    assert look.traces is not None
    word = LastRows(env=env, shop=shop, row=row).keep(look.traces)
    cursor = {**look.cursor, WORD: word or ""}
    env.db.retry(
        lambda tx: sources.update_source(
            tx, row.id, cursor=cursor, rows=filling.rows, vouched_at=env.now(), state="ok"
        )
    )
    return filling.rows


class _Filling:
    def __init__(self, bare: Bare, shop: ShopRef, *, source_id: int) -> None:
        self.rows = 0
        self._bare = bare
        self._shop = shop
        self._source_id = source_id
        self._salt = rules_salt(shop)
        self._now = bare.moment(datetime.now(UTC))
        self._products: dict[str, int] = {}

    def add(self, seen: list[Observation]) -> None:
        """The rows of four tables."""
        first = self.rows + 1
        self._bare.fill("products", PRODUCT, list(self._new_products(seen)))
        self._bare.fill("variants", VARIANT, [self._variant(n, o) for n, o in _from(first, seen)])
        self._bare.fill("stock", STOCK, [self._stock(n, o) for n, o in _from(first, seen)])
        named = [(self._source_id, n, digest_of(o, self._salt)) for n, o in _from(first, seen)]
        self._bare.fill("source_variants", NAMED, named)
        self.rows += len(seen)

    def _new_products(self, seen: list[Observation]) -> Iterator[tuple[Any, ...]]:
        for one in seen:
            if one.product_key not in self._products:
                number = self._products[one.product_key] = len(self._products) + 1
                yield (
                    *(number, self._shop.id, one.product_key, one.title),
                    *(one.url, one.image_url, self._now),
                )

    def _variant(self, id_: int, one: Observation) -> tuple[Any, ...]:
        title = ", ".join(value for _, value in one.options)
        product = self._products[one.product_key]
        return (
            *(id_, self._shop.id, product, one.key, one.sku, title, one.url, one.image_url),
            *(str(one.price), one.currency, self._now),
        )

    def _stock(self, id_: int, one: Observation) -> tuple[Any, ...]:
        there = one.availability is Availability.IN_STOCK
        level = int(Level.THERE if there else Level.NONE)
        word = one.availability.value
        return (id_, word, self._now, self._now, "feed", level, self._now, True)


def _from(first: int, seen: list[Observation]) -> Iterator[tuple[int, Observation]]:
    return enumerate(seen, start=first)
