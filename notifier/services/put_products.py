"""How does a shop tell us its products, instead of leaving us to read them from a feed?

What is said is stored, what is not said stays. The catalogue says nothing of stock: that comes by
looks and pushes, and nothing is announced here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.services.env import Env, ShopRef
from notifier.store import products
from notifier.store.products import Tally, Written
from notifier.store.session import Transaction

__all__ = ["PutReport", "Tally", "WrittenProduct", "put_products", "written"]

CHUNK = 100  # products a transaction, so that sign-ups get their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenProduct:
    """A product with its variants. A product that never had any gets one, with the same key."""

    product: Written
    variants: tuple[Written, ...]


@dataclass(slots=True, kw_only=True)
class PutReport:
    products: Tally
    variants: Tally


def written(key: str, **values: object) -> Written:
    """A product or variant with the columns that were said."""
    return Written(key=key, values=values)


def put_products(env: Env, shop: ShopRef, new: Sequence[WrittenProduct]) -> PutReport:
    """Make or change products and variants; sending the same again changes nothing."""
    report = PutReport(products=Tally(), variants=Tally())
    for start in range(0, len(new), CHUNK):
        chunk = new[start : start + CHUNK]
        done = env.db.retry(lambda tx, chunk=chunk: _put(env, tx, shop, chunk))  # type: ignore[misc]
        _add(report.products, done.products)
        _add(report.variants, done.variants)
    return report


def _put(env: Env, tx: Transaction, shop: ShopRef, chunk: Sequence[WrittenProduct]) -> PutReport:
    done = PutReport(products=Tally(), variants=Tally())
    now = env.now()
    ids = products.put_products(
        tx, shop.id, [one.product for one in chunk], now=now, tally=done.products
    )
    bare = products.without_variants(tx, [ids[one.product.key] for one in chunk])
    variants = [(ids[one.product.key], variant) for one in chunk for variant in one.variants]
    variants += [
        (ids[one.product.key], Written(key=one.product.key, values={}))
        for one in chunk
        if not one.variants and ids[one.product.key] in bare
    ]
    products.put_variants(
        tx,
        shop.id,
        variants,
        now=now,
        tally=done.variants,
    )
    return done


def _add(total: Tally, more: Tally) -> None:
    total.created += more.created
    total.updated += more.updated
    total.unchanged += more.unchanged
