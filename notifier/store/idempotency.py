"""Was this request answered before? The same Idempotency-Key has one effect and one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from notifier.store.tables.operation import answers
from notifier.store.upsert import insert_or


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` None: the first request with this key is still being worked on."""

    body_hash: str
    status: int | None
    body: bytes | None


def reserve(
    tx: Connection,
    *,
    scope: str,
    key: str,
    body_hash: str,
    now: datetime,
    left_behind_before: datetime | None = None,
) -> Answer | None:
    """None when this request is the first with its key; else what is known of the first.

    A first request that has no answer since `left_behind_before` died: this one takes its place.
    """
    statement = insert_or(tx, answers).values(scope=scope, key=key, body_hash=body_hash, at=now)
    if tx.execute(statement.on_conflict_do_nothing()).rowcount:
        return None
    if left_behind_before is not None:
        taken_over = tx.execute(
            update(answers)
            .where(
                answers.c.scope == scope,
                answers.c.key == key,
                answers.c.body_hash == body_hash,
                answers.c.status.is_(None),
                answers.c.at < left_behind_before,
            )
            .values(at=now)
        )
        if taken_over.rowcount:
            return None
    row = tx.execute(
        select(answers.c.body_hash, answers.c.status, answers.c.body).where(
            answers.c.scope == scope, answers.c.key == key
        )
    ).one()
    return Answer(body_hash=row.body_hash, status=row.status, body=row.body)


def remember(tx: Connection, *, scope: str, key: str, status: int, body: bytes) -> None:
    tx.execute(
        update(answers)
        .where(answers.c.scope == scope, answers.c.key == key)
        .values(status=status, body=body)
    )


def release(tx: Connection, *, scope: str, key: str) -> None:
    """The first request failed before it had an effect: it may be sent again."""
    tx.execute(delete(answers).where(answers.c.scope == scope, answers.c.key == key))


def forget_before(tx: Connection, *, before: datetime) -> int:
    return int(tx.execute(delete(answers).where(answers.c.at < before)).rowcount)
