"""What moves with hundreds of people who were told the same?

They are found by their own ids, never by what they waited for: a million may wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, not_, or_, update

from notifier.domain.subscription import SubscriptionState
from notifier.store.among import among, listed
from notifier.store.prepared import Prepared
from notifier.store.tables.people import subscriptions
from notifier.store.unindexed import unindexed


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
    own = {
        "ids": listed(subscription_ids, dialect=tx.dialect.name),
        "of_variant": variant_id,
        **{f"new_{name}": value for name, value in values.items()},
    }
    _move_own(tuple(from_states), tuple(values)).run(tx, own)
    theirs = own | {
        "contacts": listed(contact_ids, dialect=tx.dialect.name),
        "of_product": product_id,
    }
    _move_others(with_any, with_physical, tuple(values)).run(tx, theirs)


_OF_VARIANT = unindexed(subscriptions.c.variant_id) == bindparam("of_variant")
_IS_OWN = or_(_OF_VARIANT, subscriptions.c.variant_id.is_(None))


def _is_in(states: Sequence[str]) -> Any:
    state = unindexed(subscriptions.c.state)
    return or_(*[state == one for one in states])


@cache
def _move_own(from_states: tuple[str, ...], names: tuple[str, ...]) -> Prepared:
    return Prepared(
        lambda dialect: (
            update(subscriptions)
            .where(
                among(subscriptions.c.id, "ids", dialect=dialect),
                _is_in(from_states),
                _IS_OWN,
            )
            .values(_given(names))
        ),
        by_dialect=True,
    )


@cache
def _move_others(with_any: bool, with_physical: bool, names: tuple[str, ...]) -> Prepared:
    answers = [_IS_OWN if with_any else _OF_VARIANT]
    if not with_physical:
        answers.append(~subscriptions.c.physical_only)
    return Prepared(
        lambda dialect: (
            update(subscriptions)
            .where(
                among(subscriptions.c.contact_id, "contacts", dialect=dialect),
                not_(among(subscriptions.c.id, "ids", dialect=dialect)),
                unindexed(subscriptions.c.product_id) == bindparam("of_product"),
                _is_in([SubscriptionState.WAITING.value]),
                *answers,
            )
            .values(_given(names))
        ),
        by_dialect=True,
    )


def _given(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=subscriptions.c[name].type) for name in names}
