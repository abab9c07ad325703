"""Who bought what, as the shop says, and had that person been told?

From this a release learns how many of those told buy, and how soon. Nothing else follows from it:
stock is what the shop's source says. An address is used to find the message and is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifier.domain.shop_clock import at_the_latest
from notifier.errors import InvalidInput, NotFound
from notifier.services.env import Env, ShopRef
from notifier.services.read_address import read_address
from notifier.services.reserve import end_bought
from notifier.store import catalogue, people, releasing
from notifier.store.session import Transaction

BY_MESSAGE = timedelta(
    days=30
)  # bought that long after a message, it was because of something else


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPurchase:
    """`ref` is the shop's number of the order or line; with the variant it counts once."""

    ref: str
    variant: str
    at: datetime
    units: int = 1
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPurchase:
    """`counted` False: it was reported before. `told`: None where no address came with it."""

    ref: str
    counted: bool
    told: bool | None


def report_purchases(
    env: Env, shop: ShopRef, given: Sequence[GivenPurchase]
) -> list[CountedPurchase]:
    """Store them all, or none. Raises errors.InvalidInput and NotFound with the place."""
    return env.db.retry(
        lambda tx: [
            _count(env, tx, shop, one, place=f"purchases.{n}") for n, one in enumerate(given)
        ]
    )


def take_back(env: Env, shop: ShopRef, given: Sequence[GivenPurchase]) -> int:
    """They were called off: none of them counts as sold, now or when it is reported late. How many
    had been counted. Raises errors.NotFound for a variant the shop does not have."""

    def work(tx: Transaction) -> int:
        return sum(_take_back(tx, shop, one) for one in given)

    return env.db.retry(work)


def _take_back(tx: Transaction, shop: ShopRef, one: GivenPurchase) -> bool:
    variant = catalogue.find_variant(tx, shop.id, one.variant)
    if variant is None:
        raise NotFound(f"There is no variant {one.variant[:80]!r} in this shop.")
    return releasing.take_back_purchase(
        tx, shop_id=shop.id, variant_id=variant.id, ref=one.ref, at=one.at
    )


def _count(
    env: Env, tx: Transaction, shop: ShopRef, one: GivenPurchase, *, place: str
) -> CountedPurchase:
    variant = catalogue.find_variant(tx, shop.id, one.variant)
    if variant is None:
        raise NotFound(
            f"There is no variant {one.variant[:80]!r} in this shop.", field=f"{place}.variant"
        )
    now = env.now()
    contacts = _contacts(env, tx, shop, one, place=place)
    message = None
    if contacts:
        message = releasing.message_that_told(
            tx,
            contact_ids=contacts,
            variant_id=variant.id,
            after=one.at - BY_MESSAGE,
            before=at_the_latest(one.at, now),
        )
    told = None if contacts is None else message is not None
    counted = releasing.add_purchase(
        tx,
        shop_id=shop.id,
        variant_id=variant.id,
        ref=one.ref,
        at=one.at,
        heard_at=now,
        units=one.units,
        told=told,
        release_id=message.release_id if message else None,
        message_id=message.id if message else None,
    )
    if counted and message and message.release_id and message.subscription_id:
        end_bought(
            tx,
            release_id=message.release_id,
            subscription_id=message.subscription_id,
            ref=one.ref,
            now=now,
        )
    return CountedPurchase(ref=one.ref, counted=counted, told=told)


def _contacts(
    env: Env, tx: Transaction, shop: ShopRef, given: GivenPurchase, *, place: str
) -> list[int] | None:
    """Of the addresses that came with it, those we know; None: none came."""
    said = {"email": given.email, "phone": given.phone}
    if not any(said.values()):
        return None
    known = []
    for name, value in said.items():
        if not value:
            continue
        try:
            address = read_address(env, shop, **{name: value})
        except InvalidInput as error:
            raise InvalidInput(
                *(replace(one, field=f"{place}.{one.field}") for one in error.problems)
            ) from error
        contact = people.find_contact(tx, address_hash=address.hash)
        if contact is not None:
            known.append(contact.id)
    return known
