"""When is somebody asked to confirm that the address is theirs, and when is one request enough?"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.message import MessageKind
from notifier.domain.subscription import SubscriptionState
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import Address
from notifier.services.sign_up_limits import when_to_confirm
from notifier.services.write_message import write_message
from notifier.store import people, under_way
from notifier.store.people import SubscriptionRow
from notifier.store.session import Transaction


def ask_for_confirmation(
    env: Env,
    tx: Transaction,
    shop: ShopRef,
    made: SubscriptionRow,
    *,
    address: Address,
    again: bool = False,
    by_owner: bool = False,
    is_first: bool = False,
    not_before: datetime | None = None,
) -> None:
    """One confirmation per address at a time: who has one unanswered gets no second (A10), and
    one an hour and shop: another waits until then.

    `again`: another was asked for by link, so one unanswered does not stand in the way.
    `by_owner`: and by the owner of this very address, so that it need not wait either.
    `is_first`: it is known that no other request of the address is unanswered.
    `not_before`: it was asked for long ago, and now is no hour to answer.
    """
    if not again and not is_first and _is_confirming_another(env, tx, shop, made):
        return
    due_at = when_to_confirm(env, tx, shop, address, product_id=made.product_id, by_owner=by_owner)
    if due_at is None:
        return
    write_message(
        env,
        tx,
        MessageKind.CONFIRM,
        shop=shop,
        subscription=made,
        facts={"expires_at": made.expires_at.isoformat()},
        due_at=max(due_at, not_before or due_at),
    )


def _is_confirming_another(env: Env, tx: Transaction, shop: ShopRef, made: SubscriptionRow) -> bool:
    others = people.subscriptions_of(
        tx, made.contact_id, shop_id=shop.id, states=[SubscriptionState.UNCONFIRMED.value]
    )
    now = env.now()
    pending = [one.id for one in others if one.id != made.id and one.expires_at > now]
    return bool(under_way.asked_to_confirm(tx, pending))
