"""Which variants carry a sku?"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from notifier.store.tables.catalogue import variants


def keys_by_sku(tx: Connection, shop_id: int, wanted: Iterable[str]) -> dict[str, list[str]]:
    """The keys of the variants that have each sku, at most two.

    A variant that is known by nothing but its sku as key stands back for one that has a key of its
    own: it was made by a push that came before the product.
    """
    asked = sorted(set(wanted) - {""})
    found: dict[str, list[str]] = {}
    for start in range(0, len(asked), 500):
        some = asked[start : start + 500]
        rows = tx.execute(
            select(variants.c.key, variants.c.sku)
            .where(
                variants.c.shop_id == shop_id,
                or_(variants.c.sku.in_(some), variants.c.key.in_(some)),
            )
            .order_by(variants.c.id)
        )
        wanted_here = set(some)
        for key, sku in rows:
            for name in {key, sku} & wanted_here:
                found.setdefault(name, []).append(key)
    return {sku: [key for key in keys if key != sku][:2] or keys[:1] for sku, keys in found.items()}
