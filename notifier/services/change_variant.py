"""How does somebody come to wait for another variant, in the old place in line?"""

from __future__ import annotations

from notifier.domain.stock import Level
from notifier.domain.subscription import ACTIVE, EndedReason, SubscriptionState
from notifier.errors import Conflict, InvalidInput, StoreBusy
from notifier.services.end_subscriptions import end_subscriptions
from notifier.services.env import Env
from notifier.services.own_items import own
from notifier.services.tell_gone import are_gone
from notifier.store import catalogue, people
from notifier.store import stock as stock_store
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction


def change_variant(
    env: Env, contact_id: int, subscription_id: int, *, variant_id: int | None
) -> None:
    """Wait for another variant of the same product (None: any), in the old place in line, since
    the wish is as old as before. Where that one is waited for already, the two become one.

    Raises errors.NotFound, InvalidInput for what is no variant of the product, and Conflict:
    `ended`, `closed` (takes no requests), `available` and `discontinued`.
    """

    def work(tx: Transaction) -> None:
        row = own(tx, contact_id, subscription_id)
        if row.state not in ACTIVE:
            raise Conflict("ended", "This is not waited for any more.")
        wanted = _open_variants(tx, row, variant_id)
        only = wanted[0] if len(wanted) == 1 else None
        target = people.target_of(variant_id=only, product_id=row.product_id)
        if target == row.target:
            return
        _refuse_needless(tx, wanted, physical_only=row.physical_only)
        twin = people.find_active(tx, contact_id=contact_id, shop_id=row.shop_id, target=target)
        if twin is None and people.retarget(tx, row.id, variant_id=only, target=target):
            return
        # signed up for at this very moment, if not before
        twin = twin or people.find_active(
            tx, contact_id=contact_id, shop_id=row.shop_id, target=target
        )
        if twin is None:
            raise StoreBusy("This notice is being changed by somebody else.")
        _make_one(env, tx, row, twin)

    env.db.retry(work)


def _open_variants(tx: Transaction, row: SubscriptionRow, variant_id: int | None) -> list[int]:
    """The variants asked for that take requests: one, or any."""
    siblings = {one.id: one for one in catalogue.variants_of(tx, row.product_id)}
    if variant_id is not None and variant_id not in siblings:
        raise InvalidInput.of("variant", "not_of_product", "That is not a variant of this.")
    asked = [variant_id] if variant_id is not None else list(siblings)
    found = [id_ for id_ in asked if siblings[id_].may_be_asked_for]
    if not found:
        raise Conflict("closed", "That one takes no requests at the moment.")
    return found


def _refuse_needless(tx: Transaction, wanted: list[int], *, physical_only: bool) -> None:
    """Conflict where there is nothing to wait for; locks the stock rows, see subscribe."""
    beliefs = stock_store.load_stock(tx, wanted, for_update=True)
    enough = Level.wanted(physical_only=physical_only)
    if any(one.level >= enough for one in beliefs.values()):
        raise Conflict("available", "That one can be bought now.")
    if are_gone([beliefs.get(id_) for id_ in wanted]):
        raise Conflict("discontinued", "That one will not come back.")


def _make_one(env: Env, tx: Transaction, row: SubscriptionRow, twin: SubscriptionRow) -> None:
    """Of two wishes for the same: the twin stays, unless it alone is not confirmed. The older
    place in line stays in any case."""
    unconfirmed = SubscriptionState.UNCONFIRMED
    stays, goes = (row, twin) if twin.state == unconfirmed != row.state else (twin, row)
    end_subscriptions(env, tx, [goes.id], ended=EndedReason.REPLACED)
    if stays is row:
        people.retarget(tx, row.id, variant_id=twin.variant_id, target=twin.target)
    first = min(row.created_at, twin.created_at)
    people.move_subscriptions(tx, [stays.id], created_at=first)
