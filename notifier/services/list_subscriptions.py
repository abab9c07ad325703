"""Who is on a shop's list, as its people and programs see it, and who is taken off?"""

from __future__ import annotations

from dataclasses import replace

from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.errors import InvalidInput, NotFound
from notifier.services.consent import Circumstances
from notifier.services.done import Done
from notifier.services.end_waiting import end
from notifier.services.env import Env, ShopRef
from notifier.services.mail_link import read_typed
from notifier.store import people
from notifier.store.subscription_list import Filter, Listed
from notifier.store.subscription_list import list_subscriptions as read_page

__all__ = ["Filter", "Listed", "end_of_address", "end_of_shop", "list_subscriptions"]


def list_subscriptions(
    env: Env, shop: ShopRef, where: Filter, *, address: str = "", after: int = 0, limit: int = 50
) -> list[Listed]:
    """One page of the list, by id. `address` is typed text and is normalised.

    Raises errors.InvalidInput for an address that is none.
    """
    if address:
        where = replace(where, address_hash=_hash(env, address, shop=shop))
    with env.db.read() as tx:
        return read_page(tx, shop.id, where=where, after=after, limit=limit)


def end_of_shop(env: Env, shop: ShopRef, subscription_id: int, *, method: str) -> bool:
    """End one subscription of this shop; False when it was over already. Raises NotFound."""
    with env.db.read() as tx:
        row = people.find_subscription(tx, subscription_id)
    if row is None or row.shop_id != shop.id:
        raise NotFound("There is no such subscription in this shop.")
    done = end(
        env,
        subscription_id,
        circumstances=Circumstances(origin=method),
        reason=EndedReason.ADMIN,
        method=method,
    )
    return done is Done.ENDED


def end_of_address(env: Env, shop: ShopRef, address: str, *, method: str) -> int:
    """End all that one address waits for in this shop; how many ended."""
    hash_ = _hash(env, address, shop=shop)
    states = [state.value for state in (*ACTIVE, SubscriptionState.TOLD)]
    with env.db.read() as tx:
        contact = people.find_contact(tx, address_hash=hash_)
        rows = (
            people.subscriptions_of(tx, contact.id, shop_id=shop.id, states=states)
            if contact
            else []
        )
    return sum(end_of_shop(env, shop, row.id, method=method) for row in rows)


def _hash(env: Env, typed: str, *, shop: ShopRef) -> str:
    try:
        return read_typed(env, typed, shop=shop).hash
    except InvalidInput as error:
        raise error.about("address") from error
