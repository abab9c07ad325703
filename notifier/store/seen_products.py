"""How does what a look shows become products and variants?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from notifier.domain.observation import Observation
from notifier.domain.one_line import one_line
from notifier.store.by_key import rows_by_key
from notifier.store.regroup import move_variant
from notifier.store.tables.catalogue import products, variants
from notifier.store.upsert import insert_into

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
    known = rows_by_key(tx, variants, shop_id, [one.key for one in seen])
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
    known = rows_by_key(tx, products, shop_id, list(wanted))
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
