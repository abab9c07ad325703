"""Which counts say how the service is doing?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from notifier.domain.message import MessageKind, MessageState
from notifier.domain.subscription import Origin
from notifier.store.tables.catalogue import shops, stock
from notifier.store.tables.consent import ledger
from notifier.store.tables.operation import alarms
from notifier.store.tables.orders import order_lines
from notifier.store.tables.people import subscriptions, suppressions
from notifier.store.tables.sources import holds
from notifier.store.tables.telling import events, messages

_TAKEN = frozenset({MessageState.ACCEPTED.value, MessageState.DELIVERED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    subscriptions: dict[str, int]
    finished: dict[tuple[str, str], int]
    first_message_seconds: list[float]
    suppressed: int
    unknown: int
    alarms: int
    holds: int
    flaps: int
    unsealed: int
    deadlines: int
    refunds_overdue: int
    opt_ins: dict[str, int]


def count_rows(tx: Connection, *, since: datetime, now: datetime, until: datetime) -> Counts:
    """Counts of this moment; messages only those finished after `since`, deadlines of orders only
    those before `until`."""
    is_confirm = case((messages.c.kind == MessageKind.CONFIRM.value, 1), else_=0)
    finished: Counter[tuple[str, str]] = Counter()
    mailed = 0
    for row in tx.execute(
        select(messages.c.channel, messages.c.state, func.count().label("n"), is_confirm)
        .where(messages.c.finished_at >= since)
        .group_by(messages.c.channel, messages.c.state, is_confirm)
    ):
        finished[row.channel, row.state] += int(row.n)
        mailed += int(row.n) if row[3] and row.state in _TAKEN else 0
    asked, confirmed = opt_ins(tx, since=since)
    return Counts(
        subscriptions={
            row.state: int(row.n)
            for row in tx.execute(
                select(subscriptions.c.state, func.count().label("n")).group_by(
                    subscriptions.c.state
                )
            )
        },
        finished=finished,
        first_message_seconds=_first_messages(tx, since=since),
        suppressed=_count(tx, suppressions, suppressions.c.lifted_at.is_(None)),
        unknown=sum(n for (_, state), n in finished.items() if state == MessageState.UNKNOWN),
        alarms=_count(tx, alarms, alarms.c.cleared_at.is_(None)),
        holds=_count(tx, holds, holds.c.decided_at.is_(None)),
        flaps=int(tx.execute(select(func.coalesce(func.sum(stock.c.flaps), 0))).scalar_one()),
        unsealed=_count(tx, ledger, ledger.c.sequence.is_(None)),
        deadlines=_count(
            tx,
            order_lines,
            and_(order_lines.c.deadline_at < until, order_lines.c.refund_by.is_(None)),
        ),
        refunds_overdue=_count(tx, order_lines, order_lines.c.refund_by < now),
        opt_ins={"asked": asked, "mailed": mailed, "confirmed": confirmed},
    )


def opt_ins(tx: Connection, *, since: datetime) -> tuple[int, int]:
    """Sign-ups since then that nobody has imported, and how many of them are confirmed."""
    query = select(func.count(), func.count(subscriptions.c.confirmed_at)).where(
        subscriptions.c.shop_id.in_(select(shops.c.id)),
        subscriptions.c.created_at >= since,
        subscriptions.c.origin != Origin.IMPORT.value,
    )
    asked, confirmed = tx.execute(query).one()
    return int(asked), int(confirmed)


def _first_messages(tx: Connection, *, since: datetime) -> list[float]:
    """Seconds from a restock to its first message, for events since then."""
    rows = tx.execute(
        select(events.c.at, func.min(messages.c.first_tried_at).label("first"))
        .join(messages, messages.c.event_id == events.c.id)
        .where(events.c.at >= since, events.c.kind == "back_in_stock")
        .group_by(events.c.id, events.c.at)
        .limit(10_000)
    )
    return [(row.first - row.at).total_seconds() for row in rows if row.first is not None]


def _count(tx: Connection, table: object, where: object) -> int:
    query = select(func.count()).select_from(table).where(where)  # type: ignore[arg-type]
    return int(tx.execute(query).scalar_one())
