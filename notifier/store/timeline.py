"""What happened lately to a shop's variants, step by step: seen, event, wave, message?

Read-only. Each list is newest first, of things at or after `since`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from notifier.store.tables.catalogue import stock_changes, variants
from notifier.store.tables.people import contacts, subscriptions
from notifier.store.tables.telling import events, messages, releases, waves

__all__ = [
    "Seen",
    "Sent",
    "Told",
    "Wave",
    "count_waiting",
    "events_since",
    "messages_since",
    "seen_since",
    "waves_since",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A look or push that changed what is believed of a variant."""

    id: int
    variant: str
    at: datetime
    availability: str
    quantity: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event, and the release that tells it; `release_state` is empty before it opens."""

    id: int
    variant: str
    at: datetime
    kind: str
    state: str
    release_state: str
    release_reason: str
    told: int
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One wave of a release, with its reason in words."""

    id: int
    variant: str
    at: datetime
    number: int
    told: int
    stock: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message. `variant` is empty where it is about none, or about any of a product."""

    id: int
    variant: str
    at: datetime
    kind: str
    medium: str
    address: str
    state: str
    reason: str
    code: str
    tries: int
    subscription: int | None
    finished_at: datetime | None


def seen_since(tx: Connection, shop_id: int, *, since: datetime, limit: int = 100) -> list[Seen]:
    query = (
        select(
            stock_changes.c.id,
            variants.c.key.label("variant"),
            stock_changes.c.at,
            stock_changes.c.availability,
            stock_changes.c.quantity,
            stock_changes.c.source,
        )
        .join(variants, variants.c.id == stock_changes.c.variant_id)
        .where(variants.c.shop_id == shop_id, stock_changes.c.at >= since)
        .order_by(stock_changes.c.id.desc())
    )
    return [Seen(**row) for row in _rows(tx, query, limit)]


def events_since(tx: Connection, shop_id: int, *, since: datetime, limit: int = 100) -> list[Told]:
    query = (
        select(
            events.c.id,
            variants.c.key.label("variant"),
            events.c.at,
            events.c.kind,
            events.c.state,
            func.coalesce(releases.c.state, "").label("release_state"),
            func.coalesce(releases.c.reason, "").label("release_reason"),
            func.coalesce(releases.c.told, 0).label("told"),
            releases.c.finished_at,
        )
        .join(variants, variants.c.id == events.c.variant_id)
        .outerjoin(releases, releases.c.event_id == events.c.id)
        .where(events.c.shop_id == shop_id, events.c.at >= since)
        .order_by(events.c.id.desc())
    )
    return [Told(**row) for row in _rows(tx, query, limit)]


def waves_since(tx: Connection, shop_id: int, *, since: datetime, limit: int = 100) -> list[Wave]:
    query = (
        select(
            waves.c.id,
            variants.c.key.label("variant"),
            waves.c.at,
            waves.c.number,
            waves.c.told,
            waves.c.stock,
            waves.c.reason,
        )
        .join(releases, releases.c.id == waves.c.release_id)
        .join(variants, variants.c.id == releases.c.variant_id)
        .where(releases.c.shop_id == shop_id, waves.c.at >= since)
        .order_by(waves.c.id.desc())
    )
    return [Wave(**row) for row in _rows(tx, query, limit)]


def messages_since(
    tx: Connection, shop_id: int, *, since: datetime, limit: int = 100
) -> list[Sent]:
    """Messages made since then; hooks to the shop's own servers are left out."""
    query = (
        select(
            messages.c.id,
            func.coalesce(variants.c.key, "").label("variant"),
            messages.c.created_at.label("at"),
            messages.c.kind,
            messages.c.medium,
            func.coalesce(contacts.c.address, messages.c.address).label("address"),
            messages.c.state,
            messages.c.reason,
            messages.c.last_code.label("code"),
            messages.c.attempt_no.label("tries"),
            messages.c.subscription_id.label("subscription"),
            messages.c.finished_at,
        )
        .outerjoin(contacts, contacts.c.id == messages.c.contact_id)
        .outerjoin(subscriptions, subscriptions.c.id == messages.c.subscription_id)
        .outerjoin(events, events.c.id == messages.c.event_id)
        .outerjoin(
            variants,
            variants.c.id == func.coalesce(events.c.variant_id, subscriptions.c.variant_id),
        )
        .where(
            messages.c.shop_id == shop_id,
            messages.c.created_at >= since,
            messages.c.medium != "webhook",
        )
        .order_by(messages.c.id.desc())
    )
    return [Sent(**row) for row in _rows(tx, query, limit)]


def count_waiting(tx: Connection, shop_id: int) -> dict[str, dict[str, int]]:
    """By variant key: how many subscriptions are in each state. Who waits for any variant of a
    product counts for each of them."""
    query = (
        select(variants.c.key, subscriptions.c.state, func.count())
        .join(
            subscriptions,
            (subscriptions.c.variant_id == variants.c.id)
            | (
                subscriptions.c.variant_id.is_(None)
                & (subscriptions.c.product_id == variants.c.product_id)
            ),
        )
        .where(subscriptions.c.shop_id == shop_id)
        .group_by(variants.c.key, subscriptions.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for key, state, count in tx.execute(query):
        found.setdefault(key, {})[state] = count
    return found


def _rows(tx: Connection, query: Select[Any], limit: int) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in tx.execute(query.limit(limit))]
