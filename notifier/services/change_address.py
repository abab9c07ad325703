"""How does somebody get a notice at another address, with the same place in line?

The new address must confirm, whoever it belongs to; until then the old one stays as it is. So
neither a slip nor a stranger can take a notice away (trust WS-5, CP-6).
"""

from __future__ import annotations

from datetime import timedelta

from notifier.domain.subscription import ACTIVE, SubscriptionState
from notifier.errors import Conflict, InvalidInput, TooMany
from notifier.metrics import LIMITED
from notifier.services.ask_for_confirmation import ask_for_confirmation
from notifier.services.consent import Circumstances, keep_consent
from notifier.services.contacts import contact_at
from notifier.services.env import Env
from notifier.services.own_items import own, shop_of
from notifier.services.read_address import read_address
from notifier.store import limits, people
from notifier.store.limits import Sliding
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction

DAY = timedelta(days=1)
MOVES_A_DAY = (
    5  # in any 24 hours, of one contact; each writes to an address its owner may not have chosen
)


def change_address(
    env: Env,
    contact_id: int,
    subscription_id: int,
    *,
    email: str | None = None,
    phone: str | None = None,
    circumstances: Circumstances,
) -> None:
    """Ask another address to take over; never says whether that address waits already.

    Raises errors.InvalidInput for a bad address or the same one, NotFound, Conflict("ended") and
    TooMany.
    """
    with env.db.read() as tx:
        shop = shop_of(env, own(tx, contact_id, subscription_id, for_update=False))
    address = read_address(env, shop, email=email, phone=phone)

    def work(tx: Transaction) -> None:
        people.hold_contacts(tx, [contact_id])  # two at once would each find room
        row = own(tx, contact_id, subscription_id, for_update=False)
        if row.state not in ACTIVE:
            raise Conflict("ended", "This is not waited for any more.")
        contact = contact_at(env, tx, address)
        if contact.id == contact_id:
            field = "email" if email is not None else "phone"
            raise InvalidInput.of(field, "same", "That is the address it goes to already.")
        _count_move(env, tx, contact_id)
        made = _store(env, tx, row, contact)
        if made is None:
            return
        keep_consent(
            env,
            tx,
            made,
            act="asked",
            shop=shop,
            address_hash=address.hash,
            circumstances=circumstances,
            method="manage",
            facts={"target": made.target, "replaces": row.id},
        )
        ask_for_confirmation(env, tx, shop, made, address=address, again=True)

    env.db.retry(work)


def _count_move(env: Env, tx: Transaction, contact_id: int) -> None:
    now = env.now()
    rule = Sliding(bucket=f"move:{contact_id}", allowed=MOVES_A_DAY, window=DAY)
    free_at = limits.room_at(tx, rule, now=now)
    if free_at > now:
        LIMITED.labels(limit="move").inc()
        raise TooMany(
            "The address was changed often today. Please try again tomorrow.",
            retry_after=free_at - now,
        )
    limits.count_sliding(tx, rule, at=now)


def _store(
    env: Env, tx: Transaction, row: SubscriptionRow, contact: ContactRow
) -> SubscriptionRow | None:
    """The unconfirmed twin at the new address; None when that address waits already."""
    now = env.now()
    expires_at = now + env.config.retention.unconfirmed
    if people.count_active(tx, contact_id=contact.id, shop_id=row.shop_id, now=env.now()) >= (
        env.config.limits.max_active
    ):
        return None
    made = people.add_subscription(
        tx,
        shop_id=row.shop_id,
        contact_id=contact.id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        target=row.target,
        medium=contact.medium,
        locale=row.locale,
        quantity=row.quantity,
        physical_only=row.physical_only,
        accepts_marketing=False,  # that was agreed to for the other address
        state=SubscriptionState.UNCONFIRMED.value,
        origin=row.origin,
        created_at=row.created_at,
        asked_at=now,
        expires_at=expires_at,
        eta_told=row.eta_told,
        eta_days=row.eta_days,
        replaces_id=row.id,
    )
    if made is not None:
        return people.find_subscription(tx, made)
    twin = people.find_active(tx, contact_id=contact.id, shop_id=row.shop_id, target=row.target)
    if twin is None or twin.state != SubscriptionState.UNCONFIRMED:
        return None
    people.move_subscriptions(
        tx,
        [twin.id],
        created_at=min(row.created_at, twin.created_at),
        asked_at=now,
        expires_at=expires_at,
        replaces_id=row.id,
    )
    return people.find_subscription(tx, twin.id)
