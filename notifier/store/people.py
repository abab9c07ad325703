"""Who waits for what?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    case,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from notifier.domain.subscription import ACTIVE, SubscriptionState
from notifier.store.addressed import Addressee, Wish
from notifier.store.line_size import asked_after
from notifier.store.prepared import Prepared
from notifier.store.rows import columns_of, maker
from notifier.store.tables.people import contacts, subscriptions
from notifier.store.upsert import insert_into

_ACTIVE = [state.value for state in ACTIVE]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow(Addressee):
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow(Wish):
    shop_id: int
    target: str
    medium: str
    locale: str
    accepts_marketing: bool
    ended_reason: str
    reason: str
    origin: str
    page_url: str
    asked_at: datetime
    confirmed_at: datetime | None
    told_at: datetime | None
    reminded_at: datetime | None
    eta_told_at: datetime | None
    eta_told: str
    renewal_asked_at: datetime | None
    clicked_at: datetime | None
    paused_until: datetime | None
    ended_at: datetime | None
    replaces_id: int | None


_CONTACT = columns_of(contacts, ContactRow)
SUBSCRIPTION = columns_of(subscriptions, SubscriptionRow)


_contact = maker(ContactRow)
_subscription = maker(SubscriptionRow)


def target_of(*, variant_id: int | None, product_id: int) -> str:
    """What is waited for, as one word that can be unique."""
    return f"v{variant_id}" if variant_id is not None else f"p{product_id}"


def _ensure_contact(dialect: str) -> Any:
    statement = insert_into(dialect, contacts)
    said = statement.excluded.time_zone
    return statement.on_conflict_do_update(
        index_elements=["address_hash"],
        set_={
            "address": statement.excluded.address,
            "time_zone": case((said != "", said), else_=contacts.c.time_zone),
            "erased_at": None,
        },
    ).returning(*_CONTACT)


_ENSURE_CONTACT = Prepared(_ensure_contact, by_dialect=True)


def ensure_contact(
    tx: Connection, *, medium: str, address: str, address_hash: str, time_zone: str, now: datetime
) -> ContactRow:
    """The contact for an address, made or woken after an erasure.

    `time_zone`: what the person's browser says now; empty when nothing does, which keeps the last.
    """
    values = {
        "medium": medium,
        "address": address,
        "address_hash": address_hash,
        "time_zone": time_zone,
        "created_at": now,
    }
    return ContactRow(**_ENSURE_CONTACT.first(tx, values)._asdict())


def hold_contacts(tx: Connection, contact_ids: Iterable[int]) -> None:
    """Nobody signs up with these addresses, and nobody else counts what goes to them, before the
    commit."""
    query = select(contacts.c.id).where(contacts.c.id.in_(sorted(set(contact_ids))))
    tx.execute(query.order_by(contacts.c.id).with_for_update(key_share=True))


def find_contact(
    tx: Connection, *, contact_id: int | None = None, address_hash: str = ""
) -> ContactRow | None:
    query = select(*_CONTACT)
    if contact_id is not None:
        query = query.where(contacts.c.id == contact_id)
    else:
        query = query.where(contacts.c.address_hash == address_hash)
    row = tx.execute(query).one_or_none()
    return _contact(row) if row else None


def find_active(
    tx: Connection, *, contact_id: int, shop_id: int, target: str
) -> SubscriptionRow | None:
    """Locked: nobody confirms or ends it before the commit."""
    row = tx.execute(
        select(*SUBSCRIPTION)
        .where(
            subscriptions.c.contact_id == contact_id,
            subscriptions.c.shop_id == shop_id,
            subscriptions.c.target == target,
            subscriptions.c.state.in_(_ACTIVE),
        )
        .with_for_update()
    ).one_or_none()
    return _subscription(row) if row else None


def add_subscription(tx: Connection, **values: Any) -> int | None:
    """The new id; None when an active one for the same target exists (a concurrent sign-up)."""
    return tx.execute(_add_subscription(tx.dialect.name), values).scalar_one_or_none()


@cache
def _add_subscription(dialect: str) -> Any:
    statement = insert_into(dialect, subscriptions).on_conflict_do_nothing()
    return statement.returning(subscriptions.c.id)


def find_subscription(
    tx: Connection, subscription_id: int, *, for_update: bool = False
) -> SubscriptionRow | None:
    query = select(*SUBSCRIPTION).where(subscriptions.c.id == subscription_id)
    if for_update:
        query = query.with_for_update()
    row = tx.execute(query).one_or_none()
    return _subscription(row) if row else None


def subscriptions_of(
    tx: Connection,
    contact_id: int,
    *,
    shop_id: int | None = None,
    states: Sequence[str] | None = None,
) -> list[SubscriptionRow]:
    query = (
        select(*SUBSCRIPTION)
        .where(subscriptions.c.contact_id == contact_id)
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
    )
    if shop_id is not None:
        query = query.where(subscriptions.c.shop_id == shop_id)
    if states is not None:
        query = query.where(subscriptions.c.state.in_(list(states)))
    return [_subscription(row) for row in tx.execute(query)]


def count_active(tx: Connection, *, contact_id: int, shop_id: int, now: datetime) -> int:
    """How many wishes count against the limit; requests nobody confirmed in time do not."""
    return int(
        tx.execute(
            select(func.count())
            .select_from(subscriptions)
            .where(
                subscriptions.c.contact_id == contact_id,
                subscriptions.c.shop_id == shop_id,
                subscriptions.c.state.in_(_ACTIVE),
                or_(
                    subscriptions.c.state != SubscriptionState.UNCONFIRMED.value,
                    subscriptions.c.expires_at > now,
                ),
            )
        ).scalar_one()
    )


def has_confirmed(tx: Connection, *, contact_id: int, shop_id: int) -> bool:
    """True when this address has shown before that it belongs to the one who asks."""
    return (
        tx.execute(
            select(subscriptions.c.id)
            .where(
                subscriptions.c.contact_id == contact_id,
                subscriptions.c.shop_id == shop_id,
                subscriptions.c.confirmed_at.is_not(None),
            )
            .limit(1)
        ).scalar_one_or_none()
        is not None
    )


def move_subscriptions(
    tx: Connection, ids: Sequence[int], *, from_states: Sequence[str] | None = None, **values: Any
) -> int:
    """Change subscriptions, only those in `from_states` when given; how many changed."""
    if not ids:
        return 0
    query = update(subscriptions).where(subscriptions.c.id.in_(list(ids)))
    if from_states is not None:
        query = query.where(subscriptions.c.state.in_(list(from_states)))
    return int(tx.execute(query.values(**values)).rowcount)


def retarget(tx: Connection, subscription_id: int, *, variant_id: int | None, target: str) -> bool:
    """Let it wait for something else. False, and nothing changed, when the same address waits for
    that already."""
    try:
        with tx.begin_nested():
            tx.execute(
                update(subscriptions)
                .where(subscriptions.c.id == subscription_id)
                .values(variant_id=variant_id, target=target, eta_told="", eta_told_at=None)
            )
    except IntegrityError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class InLine:
    """Somebody in the line in front of a variant."""

    id: int
    contact_id: int
    variant_id: int | None
    medium: str
    locale: str
    quantity: int
    created_at: datetime
    physical_only: bool
    eta_told: str
    eta_told_at: datetime | None
    eta_days: int | None


def line_for(
    tx: Connection,
    *,
    product_id: int,
    variant_id: int | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[InLine]:
    """Who waits for the variant or any variant of its product, oldest first, after a place.

    `variant_id` None: whoever waits for anything of the product.
    """
    of_variant = (
        or_(subscriptions.c.variant_id == variant_id, subscriptions.c.variant_id.is_(None))
        if variant_id is not None
        else true()
    )
    query = (
        select(*columns_of(subscriptions, InLine))
        .where(
            subscriptions.c.product_id == product_id,
            subscriptions.c.state == SubscriptionState.WAITING.value,
            of_variant,
        )
        .order_by(subscriptions.c.created_at, subscriptions.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(asked_after(after))
    return [InLine(**row._mapping) for row in tx.execute(query)]
