"""How long is a line, told without walking along all of it?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, or_, select

from notifier.domain.subscription import SubscriptionState
from notifier.store.tables.people import subscriptions


def anybody_waits(tx: Connection, *, product_id: int, variant_id: int) -> bool:
    """Whether anybody waits for the variant, or for any of the product."""
    first = _in_line(subscriptions.c.id, product_id=product_id, variant_id=variant_id).limit(1)
    return tx.execute(first).first() is not None


def units_up_to(tx: Connection, enough: int, *, product_id: int, variant_id: int) -> int:
    """How many units those in line want; some number above `enough` where they want more."""
    line = _in_line(subscriptions.c.quantity, product_id=product_id, variant_id=variant_id)
    some = line.limit(enough + 1).subquery()  # each wants one at least
    return int(tx.execute(select(func.coalesce(func.sum(some.c.quantity), 0))).scalar_one())


def _in_line(column: Any, *, product_id: int, variant_id: int) -> Any:
    return select(column).where(
        subscriptions.c.product_id == product_id,
        subscriptions.c.state == SubscriptionState.WAITING.value,
        or_(subscriptions.c.variant_id == variant_id, subscriptions.c.variant_id.is_(None)),
    )
