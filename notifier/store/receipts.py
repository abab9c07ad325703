"""What did providers say later, and what did it do to the message?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from notifier.store.tables.telling import messages, receipts
from notifier.store.upsert import insert_or


def add_receipt(
    tx: Connection,
    *,
    provider: str,
    event_key: str,
    kind: str,
    message_id: int | None,
    at: datetime,
    code: str,
    detail: str,
) -> bool:
    """False when the provider has said this before."""
    statement = insert_or(tx, receipts).values(
        provider=provider[:32],
        event_key=event_key[:255],
        kind=kind[:16],
        message_id=message_id,
        at=at,
        code=code[:64],
        detail=detail[:1024],
    )
    return bool(tx.execute(statement.on_conflict_do_nothing()).rowcount)


def known_events(tx: Connection, *, provider: str, event_keys: Sequence[str]) -> set[str]:
    """Which of these the provider has told us of before."""
    query = select(receipts.c.event_key).where(
        receipts.c.provider == provider, receipts.c.event_key.in_(list(event_keys))
    )
    return set(tx.execute(query).scalars())


def settle_message(
    tx: Connection,
    message_id: int,
    *,
    state: str,
    reason: str,
    code: str,
    detail: str,
    provider_id: str,
    now: datetime,
) -> None:
    """The provider knows better: the message is finished in this state, whoever was at it."""
    values: dict[str, Any] = {
        "state": state,
        "reason": reason[:64],
        "lease_owner": None,
        "lease_until": None,
        "finished_at": func.coalesce(messages.c.finished_at, now),
    }
    if code:
        values |= {"last_code": code[:64], "last_detail": detail[:1024]}
    if provider_id:
        values["provider_id"] = provider_id[:255]
    tx.execute(update(messages).where(messages.c.id == message_id).values(values))


def lock_message(tx: Connection, message_id: int) -> str | None:
    """The message's state, so that nobody else moves it before the commit."""
    query = select(messages.c.state).where(messages.c.id == message_id).with_for_update()
    return tx.execute(query).scalar_one_or_none()
