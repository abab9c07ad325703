"""How is what a shop says of its products written down?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from notifier.store.by_key import rows_by_key
from notifier.store.regroup import move_variant
from notifier.store.tables.catalogue import products, variants
from notifier.store.tables.sources import source_variants
from notifier.store.upsert import insert_or

DECIDE_STOCK = frozenset({"min_quantity", "threshold"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A product or variant to write: its key, and the columns that were said."""

    key: str
    values: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Tally:
    created: int = 0
    updated: int = 0
    unchanged: int = 0


def put_products(
    tx: Connection, shop_id: int, new: Sequence[Written], *, now: datetime, tally: Tally
) -> dict[str, int]:
    """Make or change products; ids by key. What was not said stays as it is."""
    known = rows_by_key(tx, products, shop_id, [one.key for one in new])
    ids: dict[str, int] = {}
    for one in new:
        row = known.get(one.key)
        if row is None:
            ids[one.key] = _insert(tx, products, one, shop_id=shop_id, created_at=now)
            tally.created += 1
            continue
        ids[one.key] = row.id
        _update(tx, products, row, one.values, tally)
    return ids


def without_variants(tx: Connection, product_ids: Sequence[int]) -> set[int]:
    """Which of these have no variant yet."""
    found: set[int] = set()
    for start in range(0, len(product_ids), 500):
        some = product_ids[start : start + 500]
        rows = tx.execute(
            select(variants.c.product_id).where(variants.c.product_id.in_(some)).distinct()
        )
        found.update(row.product_id for row in rows)
    return set(product_ids) - found


def put_variants(
    tx: Connection,
    shop_id: int,
    new: Sequence[tuple[int, Written]],
    *,
    now: datetime,
    tally: Tally,
) -> None:
    """Make or change variants, each with the id of its product, and move those that were
    elsewhere."""
    known = rows_by_key(tx, variants, shop_id, [one.key for _, one in new])
    for product_id, one in new:
        row = known.get(one.key)
        if row is None:
            _insert(tx, variants, one, shop_id=shop_id, product_id=product_id, created_at=now)
            tally.created += 1
            continue
        if row.product_id != product_id:
            move_variant(tx, row.id, to_product=product_id)
        changed = _update(tx, variants, row, one.values, tally)
        if changed & DECIDE_STOCK:
            # the last look must be weighed anew by the new rule
            tx.execute(
                update(source_variants)
                .where(source_variants.c.variant_id == row.id)
                .values(digest="")
            )


def _insert(tx: Connection, table: Table, one: Written, **more: Any) -> int:
    values = {name: value for name, value in one.values.items() if value is not None}
    made = insert_or(tx, table).values(key=one.key, **values, **more)
    # somebody else may make it at this moment
    made = made.on_conflict_do_update(
        index_elements=["shop_id", "key"], set_={"key": one.key, **values}
    )
    return int(tx.execute(made.returning(table.c.id)).scalar_one())


def _update(
    tx: Connection, table: Table, row: Row[Any], values: Mapping[str, Any], tally: Tally
) -> set[str]:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        tx.execute(update(table).where(table.c.id == row.id).values(changed))
        tally.updated += 1
    else:
        tally.unchanged += 1
    return set(changed)
