"""What moves along when a variant turns out to belong to another product?

Who waits for it, what is being told of it, and, when its old product is left empty, who waits for
any variant of that product: nobody is left waiting for something that no source names any more.
"""

from __future__ import annotations

from sqlalchemy import Connection, exists, func, select, update

from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.store.tables.catalogue import variants
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events, releases

_ACTIVE = [state.value for state in ACTIVE]


def move_variant(tx: Connection, variant_id: int, *, to_product: int) -> None:
    """Make the variant part of another product of the same shop."""
    was = tx.execute(
        select(variants.c.product_id).where(variants.c.id == variant_id)
    ).scalar_one_or_none()
    if was is None or was == to_product:
        return
    tx.execute(update(variants).where(variants.c.id == variant_id).values(product_id=to_product))
    for table in (subscriptions, events, releases):
        tx.execute(
            update(table).where(table.c.variant_id == variant_id).values(product_id=to_product)
        )
    left = tx.execute(
        select(func.count()).select_from(variants).where(variants.c.product_id == was)
    ).scalar_one()
    if not left:
        _move_any(tx, was, to_product=to_product)


def _move_any(tx: Connection, product_id: int, *, to_product: int) -> None:
    """Who waited for any variant of the empty product waits for any of the other one."""
    target = f"p{to_product}"
    twin = subscriptions.alias("twin")
    has_twin = exists(
        select(twin.c.id).where(
            twin.c.contact_id == subscriptions.c.contact_id,
            twin.c.shop_id == subscriptions.c.shop_id,
            twin.c.target == target,
            twin.c.state.in_(_ACTIVE),
        )
    )
    wanted = (
        subscriptions.c.product_id == product_id,
        subscriptions.c.variant_id.is_(None),
        subscriptions.c.state.in_(_ACTIVE),
    )
    tx.execute(
        update(subscriptions)
        .where(*wanted, has_twin)
        .values(
            state=SubscriptionState.ENDED.value,
            ended_reason=EndedReason.REPLACED.value,
            ended_at=func.coalesce(subscriptions.c.asked_at, subscriptions.c.created_at),
        )
    )
    tx.execute(update(subscriptions).where(*wanted).values(product_id=to_product, target=target))
