"""Which products and variants does a shop have, and how is each found?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, bindparam, false, func, or_, select, update

from notifier.domain.observation import Observation
from notifier.domain.one_line import one_line
from notifier.store.prepared import Prepared
from notifier.store.regroup import move_variant
from notifier.store.tables.catalogue import products, shops, variants
from notifier.store.tables.orders import backorders
from notifier.store.upsert import insert_into, insert_or


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


# What a row is without what a source says of it. One set of names for all rows, so that the
# statement is built once: building it anew costs several times what running it does.
_EMPTY_PRODUCT: dict[str, Any] = {"title": "", "url": "", "image_url": ""}
_EMPTY_VARIANT: dict[str, Any] = {
    **_EMPTY_PRODUCT,
    "sku": "",
    "price": None,
    "regular_price": None,
    "currency": "",
    "alternatives": [],
}


@cache
def _insert(dialect: str, table: Table) -> Any:
    """A new row by the shop's key, or the one that was stored at the same time; gives its id."""
    statement = insert_into(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "key"], set_={"key": statement.excluded["key"]}
    ).returning(table.c.id)


def learn(
    tx: Connection, shop_id: int, seen: Sequence[Observation], *, now: datetime
) -> dict[str, int]:
    """Make or bring up to date the products and variants that were seen; ids by variant key.

    Empty text and missing prices never overwrite what is known already.
    """
    known = {
        row.key: row
        for start in range(0, len(seen), 500)
        for row in tx.execute(
            select(variants).where(
                variants.c.shop_id == shop_id,
                variants.c.key.in_([o.key for o in seen[start : start + 500]]),
            )
        )
    }
    elsewhere = _of_another_product(tx, shop_id, known)
    naming = [one for one in seen if one.product_key or one.key not in elsewhere]
    product_ids = _learn_products(tx, shop_id, naming, now=now)
    ids: dict[str, int] = {}
    for one in seen:
        row = known.get(one.key)
        fresh = _variant_values(one)
        if row is None:
            values = {
                **_EMPTY_VARIANT,
                "shop_id": shop_id,
                "key": one.key,
                "product_id": product_ids[one.product_key or one.key],
                "created_at": now,
                **fresh,
            }
            ids[one.key] = tx.execute(_insert(tx.dialect.name, variants), values).scalar_one()
            continue
        ids[one.key] = row.id
        if one.product_key and row.product_id != product_ids[one.product_key]:
            move_variant(tx, row.id, to_product=product_ids[one.product_key])
        changed = {k: v for k, v in fresh.items() if getattr(row, k) != v}
        if changed:
            tx.execute(update(variants).where(variants.c.id == row.id).values(changed))
    return ids


def _of_another_product(tx: Connection, shop_id: int, known: dict[str, Row[Any]]) -> set[str]:
    """Keys of known variants whose product has a key of its own: a row that names no product says
    nothing of that one, and makes no second."""
    keys = list(known)
    own: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        rows = tx.execute(
            select(products.c.key, products.c.id).where(
                products.c.shop_id == shop_id, products.c.key.in_(keys[start : start + 500])
            )
        )
        own.update((row.key, row.id) for row in rows)
    return {key for key, row in known.items() if own.get(key) != row.product_id}


def _variant_values(one: Observation) -> dict[str, Any]:
    own_product = not one.product_key
    values: dict[str, Any] = {
        "sku": one.sku,
        "title": one_line(one.variant_title or ", ".join(v for _, v in one.options)),
        "url": one.url,
        "image_url": one.image_url,
        "price": one.price,
        "regular_price": one.regular_price if one.regular_price is not None else None,
        "currency": one.currency,
        "alternatives": list(one.alternatives),
    }
    if own_product:
        values.pop("image_url")
    kept = {k: v for k, v in values.items() if v not in ("", None, [])}
    if one.price is not None:
        kept["regular_price"] = one.regular_price  # a sale that ended leaves no old price behind
    return kept


def _learn_products(
    tx: Connection, shop_id: int, seen: Sequence[Observation], *, now: datetime
) -> dict[str, int]:
    wanted: dict[str, Observation] = {}
    for one in seen:
        wanted.setdefault(one.product_key or one.key, one)
    keys = list(wanted)
    known: dict[str, Row[Any]] = {}
    for start in range(0, len(keys), 500):
        rows = tx.execute(
            select(products).where(
                products.c.shop_id == shop_id, products.c.key.in_(keys[start : start + 500])
            )
        )
        known.update((row.key, row) for row in rows)
    ids: dict[str, int] = {}
    for key, one in wanted.items():
        values = {"title": one_line(one.title), "url": one.url, "image_url": one.image_url}
        fresh = {name: value for name, value in values.items() if value}
        row = known.get(key)
        if row is not None:
            ids[key] = row.id
            # a variant's own page does not replace the product's
            if row.url and one.product_key:
                fresh.pop("url", None)
            changed = {k: v for k, v in fresh.items() if getattr(row, k) != v}
            if changed:
                tx.execute(update(products).where(products.c.id == row.id).values(changed))
            continue
        made = {**_EMPTY_PRODUCT, "shop_id": shop_id, "key": key, "created_at": now, **fresh}
        ids[key] = tx.execute(_insert(tx.dialect.name, products), made).scalar_one()
    return ids
