"""Which message is on its way to somebody, or was sent, so that no second one is needed?"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, select

from notifier.domain.message import MessageKind, MessageState
from notifier.store.line_size import in_line
from notifier.store.tables.people import subscriptions
from notifier.store.tables.telling import events, messages
from notifier.store.taken_back import MAY_WAKE


def variants_told_of(
    tx: Connection, *, product_id: int, contact_ids: Sequence[int]
) -> dict[int, set[int]]:
    """By contact, the variants of the product that a message still to be finished is about.

    It may be due, being sent, or waiting for another try; one of another restock counts as well.
    """
    rows = tx.execute(
        select(messages.c.contact_id, events.c.variant_id)
        .join(events, events.c.id == messages.c.event_id)
        .where(
            messages.c.contact_id.in_(list(contact_ids)),
            messages.c.kind == MessageKind.BACK_IN_STOCK.value,
            messages.c.finished_at.is_(None),
            events.c.product_id == product_id,
        )
    )
    found: dict[int, set[int]] = {}
    for contact_id, variant_id in rows:
        found.setdefault(contact_id, set()).add(variant_id)
    return found


def waits_for_more(
    tx: Connection, *, event_id: int, product_id: int, variant_id: int, than: int
) -> bool:
    """Whether somebody in that line wants more units and has no message about the event."""
    told = exists(
        select(messages.c.id).where(
            messages.c.contact_id == subscriptions.c.contact_id, messages.c.event_id == event_id
        )
    )
    found = tx.execute(
        select(subscriptions.c.id)
        .where(
            in_line(product_id=product_id, variant_id=variant_id),
            subscriptions.c.quantity > than,
            ~told,
        )
        .limit(1)
    )
    return found.first() is not None


def asked_to_confirm(tx: Connection, subscription_ids: Sequence[int]) -> set[int]:
    """Which of these subscriptions a confirmation was written for, sent or on its way."""
    if not subscription_ids:
        return set()
    rows = tx.execute(
        select(messages.c.subscription_id).where(
            messages.c.subscription_id.in_(list(subscription_ids)),
            messages.c.kind == MessageKind.CONFIRM.value,
            messages.c.state.not_in((MessageState.SKIPPED.value, MessageState.FAILED.value)),
        )
    )
    return {row.subscription_id for row in rows}


def has_event_message(
    tx: Connection, *, event_id: int, contact_ids: Sequence[int]
) -> dict[int, int]:
    """Which of these people have a message for the event already: contact id → message id."""
    rows = tx.execute(
        select(messages.c.contact_id, messages.c.id).where(
            messages.c.event_id == event_id,
            messages.c.contact_id.in_(list(contact_ids)),
            ~((messages.c.state == MessageState.SKIPPED.value) & messages.c.reason.in_(MAY_WAKE)),
        )
    )
    return {row.contact_id: row.id for row in rows}
