"""What was seen of variants in the past, as far as outages are read from it?

Every question is bounded: so many variants, and of each so many of the newest lines, found by the
index on variant and time. A quantity that changes makes a line, too; an outage makes none while it
lasts, so the longest ones need the fewest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from notifier.domain.availability import Availability
from notifier.domain.outages import Seen
from notifier.domain.stock import Level
from notifier.store.tables.catalogue import stock, stock_changes, variants

LINES = 1_000  # of one variant
LINES_IN_ALL = 40_000
_SPREAD, _PRIME = 7_919, 1_000_003

# Built once: building a statement anew costs several times what running it does.
_NEWEST = (
    select(stock_changes.c.at, stock_changes.c.availability, stock_changes.c.quantity)
    .where(
        stock_changes.c.variant_id == bindparam("of_variant"),
        stock_changes.c.at >= bindparam("since"),
    )
    .order_by(stock_changes.c.at.desc(), stock_changes.c.id.desc())
    .limit(LINES)
)


def seen_of(
    tx: Connection, variant_ids: Iterable[int], *, since: datetime
) -> dict[int, list[Seen]]:
    """By variant id, oldest first. After LINES_IN_ALL lines the remaining variants are left out."""
    found: dict[int, list[Seen]] = {}
    lines = 0
    for variant_id in variant_ids:
        if lines >= LINES_IN_ALL:
            break
        rows = tx.execute(_NEWEST, {"of_variant": variant_id, "since": since}).all()
        lines += len(rows)
        found[variant_id] = [
            Seen(at=row.at, availability=Availability(row.availability), quantity=row.quantity)
            for row in reversed(rows)
        ]
    return found


def with_outages(tx: Connection, shop_id: int, *, limit: int) -> list[int]:
    """Variants of a shop that came back at least once or are out now.

    When there are more than `limit`, an even choice of them, the same every time: it must not
    favour those that are out often, or for long.
    """
    query = (
        select(stock.c.variant_id)
        .join(variants, variants.c.id == stock.c.variant_id)
        .where(
            variants.c.shop_id == shop_id,
            or_(stock.c.epoch > 0, stock.c.level < int(Level.THERE)),
        )
        .order_by((stock.c.variant_id * _SPREAD) % _PRIME, stock.c.variant_id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def siblings_of(tx: Connection, product_id: int, *, limit: int) -> list[int]:
    """Variants of a product, the oldest `limit` of them."""
    query = (
        select(variants.c.id)
        .where(variants.c.product_id == product_id)
        .order_by(variants.c.id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())
