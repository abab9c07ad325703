"""Which products and variants does a shop have, and how is each found?

How they come there: store/seen_products.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, false, func, or_, select

from notifier.store.prepared import Prepared
from notifier.store.tables.catalogue import products, shops, variants
from notifier.store.tables.orders import backorders
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRow:
    """A variant with what its product adds to it. Empty text means not known."""

    id: int
    shop_id: int
    product_id: int
    key: str
    sku: str
    title: str
    titles: dict[str, str]
    url: str
    image_url: str
    price: Decimal | None
    regular_price: Decimal | None
    currency: str
    alternatives: tuple[str, ...]
    alerts: bool
    min_quantity: int | None
    threshold: int | None
    product_key: str
    product_title: str
    product_titles: dict[str, str]
    product_url: str
    product_image_url: str
    published: bool
    product_alerts: bool
    strategy: dict[str, Any] | None
    orders_stopped: bool  # no more are taken while it is on backorder, see services.backorder

    @property
    def may_be_asked_for(self) -> bool:
        """False when unpublished or opted out; the parent's opt-out covers its variants."""
        return self.published and self.alerts and self.product_alerts

    @property
    def page_url(self) -> str:
        return self.url or self.product_url

    @property
    def picture_url(self) -> str:
        return self.image_url or self.product_image_url


_COLUMNS = (
    variants,
    products.c.key.label("product_key"),
    products.c.title.label("product_title"),
    products.c.titles.label("product_titles"),
    products.c.url.label("product_url"),
    products.c.image_url.label("product_image_url"),
    products.c.published,
    products.c.alerts.label("product_alerts"),
    products.c.strategy,
    func.coalesce(
        or_(
            backorders.c.override == "stop",
            and_(backorders.c.override == "", backorders.c.decision == "stop"),
        ),
        false(),
    ).label("orders_stopped"),
)


@cache  # always the same, and of many columns
def _query() -> Any:
    return (
        select(*_COLUMNS)
        .join(products, products.c.id == variants.c.product_id)
        .outerjoin(backorders, backorders.c.variant_id == variants.c.id)
    )


def _variant(row: Row[Any]) -> VariantRow:
    return _variant_of(dict(row._mapping))


def _variant_of(values: dict[str, Any]) -> VariantRow:
    values.pop("created_at")
    values["alternatives"] = tuple(values["alternatives"] or ())
    return VariantRow(**values)


def ensure_shops(tx: Connection, slugs: Sequence[str], *, now: datetime) -> dict[str, int]:
    """The ids of the configured shops, making rows for new ones."""
    for slug in slugs:
        tx.execute(insert_or(tx, shops).values(slug=slug, created_at=now).on_conflict_do_nothing())
    found = tx.execute(select(shops.c.slug, shops.c.id).where(shops.c.slug.in_(slugs)))
    return {row.slug: row.id for row in found}


_OF_SHOP = variants.c.shop_id == bindparam("of_shop")
_BY_KEY = Prepared(_query().where(_OF_SHOP, variants.c.key == bindparam("word")))
_BY_SKU = Prepared(_query().where(_OF_SHOP, variants.c.sku == bindparam("word")).limit(2))
_PRODUCT_ID = Prepared(
    select(products.c.id).where(
        products.c.shop_id == bindparam("of_shop"), products.c.key == bindparam("word")
    )
)


def find_variant(tx: Connection, shop_id: int, key: str) -> VariantRow | None:
    """By the shop's variant id, else by sku when exactly one variant has it."""
    asked = {"of_shop": shop_id, "word": key}
    row = _BY_KEY.first(tx, asked)
    if row is not None:
        return _variant_of(row._asdict())
    rows = _BY_SKU.rows(tx, asked) if key else []
    return _variant_of(rows[0]._asdict()) if len(rows) == 1 else None


def find_variants(tx: Connection, ids: Iterable[int]) -> dict[int, VariantRow]:
    wanted = list(set(ids))
    found: dict[int, VariantRow] = {}
    for start in range(0, len(wanted), 500):
        rows = tx.execute(_query().where(variants.c.id.in_(wanted[start : start + 500])))
        found.update((row.id, _variant(row)) for row in rows)
    return found


def find_variants_by_key(
    tx: Connection, shop_id: int, keys: Iterable[str]
) -> dict[str, VariantRow]:
    wanted = list(set(keys))
    found: dict[str, VariantRow] = {}
    for start in range(0, len(wanted), 500):
        rows = tx.execute(
            _query().where(
                variants.c.shop_id == shop_id, variants.c.key.in_(wanted[start : start + 500])
            )
        )
        found.update((row.key, _variant(row)) for row in rows)
    return found


def count_variants(tx: Connection, shop_id: int) -> int:
    query = select(func.count()).select_from(variants).where(variants.c.shop_id == shop_id)
    return int(tx.execute(query).scalar_one())


def variants_of(tx: Connection, product_id: int) -> list[VariantRow]:
    rows = tx.execute(_query().where(variants.c.product_id == product_id).order_by(variants.c.id))
    return [_variant(row) for row in rows]


def find_product_id(tx: Connection, shop_id: int, key: str) -> int | None:
    found: int | None = _PRODUCT_ID.scalar(tx, {"of_shop": shop_id, "word": key})
    return found
