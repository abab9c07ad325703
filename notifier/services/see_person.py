"""What is one person's whole story in a shop: what was asked for, told and not told, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifier.domain.person import Person
from notifier.domain.rights import Right
from notifier.domain.subscription import SubscriptionState
from notifier.errors import Conflict, NotFound
from notifier.services.audit import note_change
from notifier.services.change_variant import change_variant
from notifier.services.confirm import resend_confirmation
from notifier.services.env import Env, ShopRef
from notifier.services.privacy import Erased, erase_address, export_address
from notifier.store import catalogue, ledger, people, personal
from notifier.store.people import ContactRow, SubscriptionRow
from notifier.store.session import Transaction

__all__ = [
    "PersonSeen",
    "erase_person",
    "export_person",
    "may_erase",
    "move_to_variant",
    "resend",
    "see_person",
]

MESSAGES = 200
ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSeen:
    """One address in one shop. The rows are those of the tables, with the names of what they are
    about; `choices`: (id, name) of the variants that each could be moved to that has not ended."""

    contact: ContactRow
    subscriptions: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    entries: Sequence[ledger.Entry]
    choices: Mapping[int, Sequence[tuple[int, str]]]
    suppressed: Sequence[Mapping[str, Any]]
    first_at: datetime


def see_person(env: Env, shop: ShopRef, subscription_id: int) -> PersonSeen:
    """Who has this subscription, and all that happened with the address in this shop.

    Raises errors.NotFound, also for another shop's.
    """
    with env.db.read() as tx:
        row, contact = _of_shop(tx, shop, subscription_id)
        own = [
            one for one in personal.subscription_rows(tx, contact.id) if one["shop_id"] == shop.id
        ]
        told = [one for one in personal.message_rows(tx, contact.id) if one["shop_id"] == shop.id]
        entries = [
            one
            for one in ledger.entries_of(tx, contact.address_hash)
            if one.shop_id in (shop.id, None)
        ]
        choices = {
            int(one["id"]): [
                (variant.id, variant.title or variant.key)
                for variant in catalogue.variants_of(tx, int(one["product_id"]))
            ]
            for one in own
            if one["state"] != SubscriptionState.ENDED
        }
        suppressed = [
            one
            for one in personal.suppression_rows(tx, contact.address_hash)
            if one.get("lifted_at") is None and one.get("shop_id") in (shop.id, None)
        ]
    return PersonSeen(
        contact=contact,
        subscriptions=own,
        messages=list(reversed(told))[:MESSAGES],
        entries=list(reversed(entries))[:ENTRIES],
        choices=choices,
        suppressed=suppressed,
        first_at=min((one["created_at"] for one in own), default=row.created_at),
    )


def move_to_variant(
    env: Env, shop: ShopRef, subscription_id: int, *, variant_id: int | None, by: Person
) -> None:
    """Let somebody wait for another variant, in the same place. Raises as change_variant."""
    with env.db.read() as tx:
        row, contact = _of_shop(tx, shop, subscription_id)
    change_variant(env, contact.id, row.id, variant_id=variant_id)
    _audit(env, shop, "subscription.moved", row, by, to=variant_id)


def resend(env: Env, shop: ShopRef, subscription_id: int, *, by: Person) -> None:
    """The confirmation once more, as rarely as customers themselves may. Raises errors.TooMany."""
    with env.db.read() as tx:
        row, contact = _of_shop(tx, shop, subscription_id)
    resend_confirmation(env, contact.id, row.id)
    _audit(env, shop, "subscription.resent", row, by)


def export_person(env: Env, shop: ShopRef, subscription_id: int, *, by: Person) -> dict[str, Any]:
    """Everything stored about the address, for its owner: of all shops, as the law wants it; of
    those that `by` may enter, where that is not all."""
    with env.db.read() as tx:
        _, contact = _of_shop(tx, shop, subscription_id)
    only = {one.id for slug, one in env.shops.items() if by.may_enter(slug)}
    return export_address(
        env, contact.address_hash, by=f"person:{by.id}", only=only if by.shops else None
    )


def may_erase(env: Env, by: Person) -> bool:
    """Erasing reaches every shop, so it is for who may enter every one."""
    return by.may(Right.SEND) and all(by.may_enter(slug) for slug in env.shops)


def erase_person(env: Env, shop: ShopRef, subscription_id: int, *, by: Person) -> Erased:
    """Take everything about the address out, in every shop. It cannot be undone.

    Raises errors.Conflict for who may not enter every shop.
    """
    if not may_erase(env, by):
        raise Conflict(
            "other_shops",
            "Erasing takes an address out of every shop. Ask somebody who may enter all of them.",
        )
    with env.db.read() as tx:
        _, contact = _of_shop(tx, shop, subscription_id)
    return erase_address(env, contact.address_hash, by=f"person:{by.id}")


def _of_shop(
    tx: Transaction, shop: ShopRef, subscription_id: int
) -> tuple[SubscriptionRow, ContactRow]:
    row = people.find_subscription(tx, subscription_id)
    contact = people.find_contact(tx, contact_id=row.contact_id) if row else None
    if row is None or contact is None or row.shop_id != shop.id:
        raise NotFound("There is no such subscription in this shop.")
    return row, contact


def _audit(
    env: Env, shop: ShopRef, act: str, row: SubscriptionRow, by: Person, **facts: Any
) -> None:
    env.db.retry(
        lambda tx: note_change(tx, env, act, by=by, shop=shop, subscription=row.id, **facts)
    )
