"""What moves with hundreds of people who were told the same?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, not_, or_, update

from notifier.domain.subscription import SubscriptionState
from notifier.store.among import is_one_of
from notifier.store.tables.people import subscriptions


def move_all_told(
    tx: Connection,
    *,
    subscription_ids: Sequence[int],
    contact_ids: Sequence[int],
    product_id: int,
    variant_id: int,
    with_any: bool,
    with_physical: bool,
    from_states: Sequence[str],
    **values: Any,
) -> None:
    """Change the subscriptions that news of a variant was sent to, and the others of the same
    people that it answers.

    Not what was changed to wait for another variant meanwhile. Of the others: those for any
    variant only `with_any`, those for goods that are there only `with_physical`.
    """
    is_own = or_(subscriptions.c.variant_id == variant_id, subscriptions.c.variant_id.is_(None))
    tx.execute(
        update(subscriptions)
        .where(
            is_one_of(tx, subscriptions.c.id, subscription_ids),
            subscriptions.c.state.in_(list(from_states)),
            is_own,
        )
        .values(**values)
    )
    answers = [is_own if with_any else subscriptions.c.variant_id == variant_id]
    if not with_physical:
        answers.append(~subscriptions.c.physical_only)
    tx.execute(
        update(subscriptions)
        .where(
            is_one_of(tx, subscriptions.c.contact_id, contact_ids),
            not_(is_one_of(tx, subscriptions.c.id, subscription_ids)),
            subscriptions.c.product_id == product_id,
            subscriptions.c.state == SubscriptionState.WAITING.value,
            and_(*answers),
        )
        .values(**values)
    )
