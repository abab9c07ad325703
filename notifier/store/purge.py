"""How are old rows deleted, with what hangs on them, a batch at a time?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, exists, select, update

from notifier.domain.order_delay.states import State
from notifier.store.tables.orders import notices, order_events, order_lines, orders
from notifier.store.tables.people import contacts, subscriptions
from notifier.store.tables.telling import attempts, clicks, messages, receipts
from notifier.store.waiting import purge_ids

FINISHED_LINES = (State.SHIPPED.value, State.DELIVERED.value, State.REFUNDED.value)


def subscriptions_before(
    tx: Connection, *, states: Sequence[str], before: datetime, limit: int
) -> int:
    ids = purge_ids(tx, states=states, before=before, limit=limit)
    if ids:
        _delete_messages(
            tx,
            [
                row.id
                for row in tx.execute(
                    select(messages.c.id).where(messages.c.subscription_id.in_(ids))
                )
            ],
        )
        tx.execute(delete(subscriptions).where(subscriptions.c.id.in_(ids)))
    return len(ids)


def messages_before(tx: Connection, *, before: datetime, limit: int) -> int:
    """Finished messages. Never what is still open, nor what was told about an order that is."""
    ordered = exists(
        select(order_lines.c.id).where(
            order_lines.c.id == messages.c.order_line_id,
            order_lines.c.state.not_in(FINISHED_LINES),
        )
    )
    rows = tx.execute(
        select(messages.c.id).where(messages.c.finished_at < before, ~ordered).limit(limit)
    )
    ids = [row.id for row in rows]
    _delete_messages(tx, ids)
    return len(ids)


def _delete_messages(tx: Connection, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), 500):
        some = list(ids[start : start + 500])
        tx.execute(delete(attempts).where(attempts.c.message_id.in_(some)))
        tx.execute(delete(clicks).where(clicks.c.message_id.in_(some)))
        tx.execute(update(receipts).where(receipts.c.message_id.in_(some)).values(message_id=None))
        tx.execute(delete(messages).where(messages.c.id.in_(some)))


def has_orders(contact_id: Any) -> Any:
    """That some order names this address."""
    return exists(
        select(orders.c.id).where(
            (orders.c.email_id == contact_id) | (orders.c.phone_id == contact_id)
        )
    )


def orders_before(tx: Connection, *, states: Sequence[str], before: datetime, limit: int) -> int:
    """Whole orders of which no line changed since then and all are in one of these states."""
    still_kept = exists(
        select(order_lines.c.id).where(
            order_lines.c.order_id == orders.c.id,
            (order_lines.c.assessed_at >= before) | order_lines.c.state.not_in(list(states)),
        )
    )
    some = select(orders.c.id).where(orders.c.created_at < before, ~still_kept).limit(limit)
    ids = list(tx.execute(some).scalars())
    lines = select(order_lines.c.id).where(order_lines.c.order_id.in_(ids))
    tx.execute(delete(notices).where(notices.c.line_id.in_(lines)))
    tx.execute(delete(order_events).where(order_events.c.line_id.in_(lines)))
    tx.execute(delete(order_lines).where(order_lines.c.order_id.in_(ids)))
    tx.execute(delete(orders).where(orders.c.id.in_(ids)))
    return len(ids)


def erase_contact(tx: Connection, contact_id: int, *, at: datetime) -> None:
    """Take the address out of everything; the row stays so that what refers to it stays whole.

    Not even its hash stays: who signs up again later is somebody new, whom nothing of this finds.
    The address of somebody who ordered is kept for the order alone, as long as its record must be
    (GDPR 17(3)(b) and (e)).
    """
    own = select(subscriptions.c.id).where(subscriptions.c.contact_id == contact_id)
    about_waiting = (messages.c.contact_id == contact_id) & messages.c.order_line_id.is_(None)
    tx.execute(
        update(messages).where(about_waiting).values(facts=None, last_detail="", provider_id="")
    )
    rows = select(messages.c.id).where(about_waiting)
    tx.execute(update(attempts).where(attempts.c.message_id.in_(rows)).values(detail=""))
    tx.execute(update(receipts).where(receipts.c.message_id.in_(rows)).values(detail=""))
    tx.execute(
        update(subscriptions).where(subscriptions.c.id.in_(own)).values(page_url="", tags=[])
    )
    tx.execute(
        update(contacts)
        .where(contacts.c.id == contact_id)
        .values(
            address=case((has_orders(contact_id), contacts.c.address), else_=""),
            address_hash=f"erased {contact_id}",
            time_zone="",
            erased_at=at,
        )
    )
