"""What is stored about one address, to be handed to its owner or taken out?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select, update

from notifier.domain.message import MessageState
from notifier.store.tables.catalogue import products, shops, variants
from notifier.store.tables.consent import ledger
from notifier.store.tables.orders import notices, order_events, order_lines, orders
from notifier.store.tables.people import contacts, subscriptions, suppressions
from notifier.store.tables.releasing import purchases
from notifier.store.tables.telling import attempts, clicks, messages, receipts

Rows = list[dict[str, Any]]
TAKEN = {
    state.value
    for state in (
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
        MessageState.BOUNCED,
        MessageState.COMPLAINED,
    )
}  # a provider has taken the message, whatever came of it


def subscription_rows(tx: Connection, contact_id: int) -> Rows:
    """Every subscription with the names of what is waited for, oldest first."""
    query = (
        select(
            subscriptions,
            shops.c.slug.label("shop"),
            products.c.key.label("product"),
            products.c.title.label("product_title"),
            variants.c.key.label("variant"),
            variants.c.title.label("variant_title"),
        )
        .join(shops, shops.c.id == subscriptions.c.shop_id)
        .join(products, products.c.id == subscriptions.c.product_id)
        .join(variants, variants.c.id == subscriptions.c.variant_id, isouter=True)
        .where(subscriptions.c.contact_id == contact_id)
        .order_by(subscriptions.c.id)
    )
    return [dict(row._mapping) for row in tx.execute(query)]


def message_rows(tx: Connection, contact_id: int) -> Rows:
    """Every message to the address, with its fate."""
    query = select(messages).where(messages.c.contact_id == contact_id).order_by(messages.c.id)
    return [dict(row._mapping) for row in tx.execute(query)]


def rows_about_messages(tx: Connection, contact_id: int) -> dict[str, Rows]:
    """`attempts`, `receipts`, `clicks` and `purchases` that belong to messages to the address."""
    own = select(messages.c.id).where(messages.c.contact_id == contact_id)
    found = {
        table.name: [
            dict(row._mapping)
            for row in tx.execute(select(table).where(table.c.message_id.in_(own)))
        ]
        for table in (attempts, receipts, clicks, purchases)
    }
    tried = {(row["message_id"], row["attempt_no"]) for row in found["attempts"]}
    found["attempts"] += [
        _last_try(row)
        for row in message_rows(tx, contact_id)
        if row["state"] in TAKEN and (row["id"], row["attempt_no"]) not in tried
    ]
    return found


def _last_try(message: dict[str, Any]) -> dict[str, Any]:
    """A try that went well may have no row of its own: its message says all there is to say."""
    return {
        "id": None,
        "message_id": message["id"],
        "attempt_no": message["attempt_no"],
        "started_at": message["first_tried_at"] if message["attempt_no"] == 1 else None,
        "finished_at": message["finished_at"],
        "phase": "answered",
        "outcome": "accepted",
        "blame": "nobody",
        "code": message["last_code"],
        "detail": message["last_detail"],
    }


def order_rows(tx: Connection, contact_id: int) -> dict[str, Rows]:
    """`orders` of the address with their lines, events, and every notice as it was sent."""
    own = select(orders.c.id).where(
        (orders.c.email_id == contact_id) | (orders.c.phone_id == contact_id)
    )
    lines = select(order_lines.c.id).where(order_lines.c.order_id.in_(own))
    return {
        table.name: [
            dict(row._mapping)
            for row in tx.execute(select(table).where(wanted).order_by(table.c.id))
        ]
        for table, wanted in (
            (orders, orders.c.id.in_(own)),
            (order_lines, order_lines.c.order_id.in_(own)),
            (order_events, order_events.c.line_id.in_(lines)),
            (notices, notices.c.line_id.in_(lines)),
        )
    }


def suppression_rows(tx: Connection, address_hash: str) -> Rows:
    query = (
        select(suppressions)
        .where(suppressions.c.address_hash == address_hash)
        .order_by(suppressions.c.id)
    )
    return [dict(row._mapping) for row in tx.execute(query)]


_IS_FULL = or_(
    messages.c.facts.is_not(None), messages.c.last_detail != "", messages.c.provider_id != ""
)


def erase_messages(tx: Connection, contact_id: int, *, limit: int) -> int:
    """Take what is personal out of some messages that still have it; how many."""
    ids = _ids(
        tx,
        select(messages.c.id)
        .where(messages.c.contact_id == contact_id, messages.c.order_line_id.is_(None), _IS_FULL)
        .limit(limit),
    )
    empty_messages(tx, ids)
    return len(ids)


def erased_since(tx: Connection, at: datetime) -> Sequence[int]:
    """Addresses that were erased since then."""
    return _ids(tx, select(contacts.c.id).where(contacts.c.erased_at >= at))


def said_since(tx: Connection, contact_ids: Sequence[int]) -> Sequence[int]:
    """Messages to erased addresses of which something was said after the erasure: what was on its
    way then, and what providers reported since."""
    detail = [
        exists(select(table.c.id).where(table.c.message_id == messages.c.id, table.c.detail != ""))
        for table in (attempts, receipts)
    ]
    query = select(messages.c.id).where(
        messages.c.contact_id.in_(contact_ids),
        messages.c.order_line_id.is_(None),
        or_(_IS_FULL, *detail),
    )
    return _ids(tx, query)


def empty_messages(tx: Connection, ids: Sequence[int]) -> None:
    """Take what is personal out of these, their tries and what was reported of them."""
    tx.execute(update(attempts).where(attempts.c.message_id.in_(ids)).values(detail=""))
    tx.execute(update(receipts).where(receipts.c.message_id.in_(ids)).values(detail=""))
    tx.execute(
        update(messages)
        .where(messages.c.id.in_(ids))
        .values(facts=None, last_detail="", provider_id="")
    )


def erase_clicks(tx: Connection, contact_id: int, *, limit: int) -> int:
    own = select(messages.c.id).where(messages.c.contact_id == contact_id)
    ids = _ids(tx, select(clicks.c.id).where(clicks.c.message_id.in_(own)).limit(limit))
    tx.execute(delete(clicks).where(clicks.c.id.in_(ids)))
    return len(ids)


def forget_confirmations(tx: Connection, contact_id: int) -> int:
    """A later sign-up must be confirmed again, as by somebody new."""
    done = tx.execute(
        update(subscriptions)
        .where(
            subscriptions.c.contact_id == contact_id,
            or_(subscriptions.c.confirmed_at.is_not(None), subscriptions.c.clicked_at.is_not(None)),
        )
        .values(confirmed_at=None, clicked_at=None, accepts_marketing=False)
    )
    return int(done.rowcount)


def erase_ledger(tx: Connection, address_hash: str, *, limit: int) -> int:
    """Delete the personal part of some entries; the facts and the chain stay."""
    ids = _ids(
        tx,
        select(ledger.c.id)
        .where(
            ledger.c.address_hash == address_hash,
            ledger.c.personal.is_not(None),
            ledger.c.book != "notice",  # part of an order's record, kept as long as it
        )
        .limit(limit),
    )
    tx.execute(update(ledger).where(ledger.c.id.in_(ids)).values(personal=None))
    return len(ids)


def _ids(tx: Connection, query: Any) -> Sequence[int]:
    return [row.id for row in tx.execute(query)]
