"""What does an address wait for, as its owner sees it behind a link?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.domain.stock import Level, Stock
from notifier.errors import NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.tell_gone import are_gone
from notifier.store import catalogue, people
from notifier.store import stock as stock_store
from notifier.store.catalogue import VariantRow
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One subscription as its owner sees it."""

    subscription: SubscriptionRow
    shop: ShopRef
    variant: VariantRow
    siblings: tuple[VariantRow, ...]
    stock: Stock | None
    is_gone: bool  # for good

    @property
    def can_be_bought(self) -> bool:
        return self.stock is not None and self.stock.level > Level.NONE


def load_items(
    env: Env, contact_id: int, *, states: Sequence[str] | None = None
) -> tuple[ContactRow, list[Item]]:
    """Everything one address waits for, oldest first. Raises errors.NotFound."""
    with env.db.read() as tx:
        contact = people.find_contact(tx, contact_id=contact_id)
        if contact is None or contact.erased_at is not None:
            raise NotFound("Nothing is stored for this link any more.")
        rows = people.subscriptions_of(tx, contact_id, states=states)
        return contact, [item for item in (_item(env, tx, row) for row in rows) if item]


def load_item(env: Env, subscription_id: int) -> tuple[ContactRow, Item]:
    """One subscription with its owner. Raises errors.NotFound."""
    with env.db.read() as tx:
        row = people.find_subscription(tx, subscription_id)
        contact = people.find_contact(tx, contact_id=row.contact_id) if row else None
        item = _item(env, tx, row) if row else None
        if row is None or contact is None or item is None or contact.erased_at is not None:
            raise NotFound("Nothing is stored for this link any more.")
        return contact, item


def _item(env: Env, tx: Transaction, row: SubscriptionRow) -> Item | None:
    shop = env.shop_by_id(row.shop_id)
    siblings = catalogue.variants_of(tx, row.product_id)
    if shop is None or not siblings:
        return None
    variant = next((one for one in siblings if one.id == row.variant_id), siblings[0])
    wanted = [one.id for one in siblings] if row.variant_id is None else [variant.id]
    beliefs = stock_store.load_stock(tx, wanted)
    return Item(
        subscription=row,
        shop=shop,
        variant=variant,
        siblings=tuple(siblings),
        stock=max(beliefs.values(), key=lambda one: one.level, default=None),
        is_gone=are_gone([beliefs.get(id_) for id_ in wanted]),
    )


def own(
    tx: Transaction, contact_id: int, subscription_id: int, *, for_update: bool = True
) -> SubscriptionRow:
    """The subscription if it belongs to this contact. Raises errors.NotFound alike otherwise."""
    row = people.find_subscription(tx, subscription_id, for_update=for_update)
    if row is None or row.contact_id != contact_id:
        raise NotFound("There is no such subscription behind this link.")
    return row


def shop_of(env: Env, row: SubscriptionRow) -> ShopRef:
    shop = env.shop_by_id(row.shop_id)
    if shop is None:
        raise NotFound("This shop is not served here any more.")
    return shop
